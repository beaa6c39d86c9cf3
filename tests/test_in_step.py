"""Any order and doubling of the events of any history, over concurrent workers, ends in the rows that Stripe holds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import hypothesis
import pytest
from flask import Flask
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import sync as sync_jobs
from billingportal.models import CatchUp
from tests.support.server import serving
from tests.support.stripe import events
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.rows import assert_same, event_states, held_at_stripe, held_here
from tests.support.stripe.sandbox import SandboxClient, SandboxProcess
from tests.support.stripe.shop import Shop
from tests.support.stripe.streams import connect, deliver, events_of, repeat, settle_rest


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A process of its own, since Hypothesis repeats the chances of this one, and with them the sandbox's ids."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: SandboxProcess) -> Settings:
    return with_sandbox(settings, sandbox)


@hypothesis.settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate],
)
@hypothesis.given(seed=st.integers(0, 2**32), steps=st.integers(5, 30))
def test_any_order_over_concurrent_workers_ends_in_the_rows_that_stripe_holds(
    app: Flask, sandbox: SandboxClient, session: Session, seed: int, steps: int
) -> None:
    chance = Random(seed)
    account = new_account(sandbox)
    row_id, token = connect(account)
    shop = Shop(sandbox.client(account.test_key), chance)
    shop.open()
    shop.live(steps)
    told = [one for one in events_of(sandbox, account) if one["type"] in DELIVERED_EVENTS]
    bodies = [events.as_body(one) for one in told for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    chance.shuffle(bodies)

    with serving(app) as url, ThreadPoolExecutor(4) as threads:
        address = f"{url}/webhooks/stripe/{token}"
        posts = [threads.submit(deliver, address, half) for half in (bodies[::2], bodies[1::2])]
        works = [
            threads.submit(repeat, app, sync_jobs.reconcile_events, lambda: all(post.done() for post in posts))
            for _ in range(2)
        ]
        statuses = [status for post in posts for status in post.result()]
        for work in works:
            work.result()
    settle_rest(app, row_id)
    assert statuses == [200] * len(bodies)
    assert set(event_states(session, row_id)) == {one["id"] for one in told}

    # Stripe is not asked to deliver invoice.created: drafts come by catch-up.
    with transaction() as own:
        own.scalars(select(CatchUp).where(CatchUp.processor_account_id == row_id)).one().next_run_at = clock.now()
    repeat(app, sync_jobs.catch_up, lambda: True)
    settle_rest(app, row_id)
    assert_same(held_here(session, row_id), held_at_stripe(sandbox, account.id))
