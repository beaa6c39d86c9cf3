"""Any order and doubling of the events of any history, over concurrent workers, ends in the rows that Stripe holds."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from random import Random
from threading import Event
from urllib.parse import urlsplit
from uuid import uuid4

import hypothesis
import pytest
from flask import Flask
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock, jobs
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.kinds import DELIVERED_EVENTS
from billingportal.domain.processor_accounts import connected
from billingportal.models import CatchUp, ProcessorAccount, WebhookEndpoint
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from tests.support import events
from tests.support.portals import new_account, with_sandbox
from tests.support.rows import assert_same, event_states, held_at_stripe, held_here
from tests.support.sandbox import SandboxAccount, SandboxClient, SandboxProcess
from tests.support.server import serving
from tests.support.shop import Shop


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A process of its own, since Hypothesis repeats the chances of this one, and with them the sandbox's ids."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: SandboxProcess) -> Settings:
    return with_sandbox(settings, sandbox)


def connect(account: SandboxAccount) -> tuple[int, str]:
    """Connect an account whose events have all been read up to now; its row's id and its token."""
    vault = current_portal().vault
    row = ProcessorAccount(
        stripe_account_id=account.id,
        mode="test",
        state="connected",
        preflight=[],
        key_sealed=vault.seal(account.test_key),
        endpoint=WebhookEndpoint(token=uuid4().hex, state="registered", secret_sealed=vault.seal(events.SECRET)),
        catch_up=CatchUp(cursor_at=clock.now(), next_run_at=clock.now() + timedelta(hours=1)),
    )
    with transaction() as session:
        before = connected(session, "test")
        if before is not None:
            before.state = "disconnected"
            session.flush()
        session.add(row)
        session.flush()
        assert row.endpoint
        return row.id, row.endpoint.token


def events_of(sandbox: SandboxClient, account: SandboxAccount) -> list[JsonObject]:
    """Every event of an account as Stripe would deliver it, newest first."""
    found: list[JsonObject] = []
    after = ""
    while True:
        address = f"{sandbox.url}/v1/events?limit=100{after}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {account.test_key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.load(answer)
        found += page["data"]
        if not page["has_more"]:
            return found
        after = f"&starting_after={page['data'][-1]['id']}"


def deliver(url: str, bodies: list[bytes]) -> list[int]:
    """Post each body, truly signed, over one kept connection; the HTTP statuses."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    statuses = []
    for body in bodies:
        connection.request("POST", parts.path, body, {"Stripe-Signature": events.signature(body)})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


def repeat(app: Flask, job: jobs.Job, is_over: Callable[[], bool]) -> None:
    """A worker: runs a job again and again until there is no more to come."""
    pause = Event()
    with app.app_context():
        while not is_over():
            job(current_portal())
            pause.wait(0.02)
        job(current_portal())


def settle_rest(app: Flask, processor_account_id: int) -> None:
    """Two workers settle what is left. Raises AssertionError when something never settles."""
    for _ in range(20):
        with ThreadPoolExecutor(2) as workers:
            for done in [workers.submit(repeat, app, jobs.settle_events, lambda: True) for _ in range(2)]:
                done.result()
        states = event_states(db.session(), processor_account_id)
        if not {"pending", "failed"} & set(states.values()):
            return
    raise AssertionError(f"not settled: {states}")


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
            threads.submit(repeat, app, jobs.settle_events, lambda: all(post.done() for post in posts))
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
    repeat(app, jobs.catch_up, lambda: True)
    settle_rest(app, row_id)
    assert_same(held_here(session, row_id), held_at_stripe(sandbox, account.id))
