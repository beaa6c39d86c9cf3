"""Web server and worker are killed under a stream of events: started again, they need nobody's hand to be right."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random

from sqlalchemy import select

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.connection import credentials
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.models import CatchUp, ProcessorAccount, WebhookEndpoint
from billingportal.portal import current_portal
from tests.support.parts import SECRET_KEYS, Part, is_up, portal_of
from tests.support.program import wait_until
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.rows import assert_same, event_states, held_at_stripe, held_here
from tests.support.stripe.sandbox import SandboxProcess, free_port
from tests.support.stripe.shop import Shop

STEPS = 90


def account_row() -> ProcessorAccount:
    session = db.session()
    session.rollback()
    return session.scalars(select(ProcessorAccount)).one()


def is_registered() -> bool:
    session = db.session()
    session.rollback()
    return session.scalar(select(WebhookEndpoint.state)) == "registered"


def is_settled(row_id: int) -> bool:
    return not {"pending", "failed"} & set(event_states(db.session(), row_id).values())


def has_caught_up() -> bool:
    session = db.session()
    session.rollback()
    row = session.scalars(select(CatchUp)).one()
    return row.requested_at is None and row.pass_started_at is None


def cut_power_again_and_again(stream: "Future[None]", web: Part, worker: Part, url: str, row_id: int) -> int:
    """Kill the web server, the worker, then both, each time with events under way. How often."""
    cuts = 0
    for parts in ((web,), (worker,), (web, worker)):
        seen = len(event_states(db.session(), row_id))
        wait_until(lambda before=seen: stream.done() or len(event_states(db.session(), row_id)) > before + 4, "events")  # type: ignore[misc]
        for part in parts:
            part.kill()
        for part in parts:
            part.start()
        wait_until(lambda: is_up(url), "the web server")
        cuts += 1
    return cuts


def test_killed_under_a_stream_of_events_every_event_is_stored_once_and_every_row_is_right(
    settings: Settings, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(tmp_path))
        sandbox.control("delivery", retry_schedule=[0.3] * 400, shuffle=True, duplicate_rate=0.1)
        account = new_account(sandbox)
        port = free_port()
        settings = replace(settings, secret_keys=SECRET_KEYS)
        settings = with_sandbox(settings, sandbox, f"http://127.0.0.1:{port}")
        stack.enter_context(portal_of(settings))
        web = stack.enter_context(Part(settings, "serve", "--port", str(port), "--workers", "2", "--threads", "4"))
        worker = stack.enter_context(Part(settings, "worker"))
        portal = current_portal()
        credentials.connect(transaction, portal.open_gateway, portal.vault, account.test_key, staff_id=None)
        wait_until(lambda: is_registered() and is_up(str(settings.public_url)), "the webhook is registered")
        row_id = account_row().id

        shop = Shop(sandbox.client(account.test_key), Random(5))
        threads = stack.enter_context(ThreadPoolExecutor(1))
        shop.open()
        stream = threads.submit(shop.live, STEPS)
        assert cut_power_again_and_again(stream, web, worker, str(settings.public_url), row_id) == 3
        stream.result()
        sandbox.wait_for_deliveries(60)
        wait_until(lambda: is_settled(row_id), "every event is settled")

        told = {one["id"] for one in sandbox.objects(account.id, "test", "event") if one["type"] in DELIVERED_EVENTS}
        states = event_states(db.session(), row_id)
        assert told
        assert told <= states.keys()

        # Drafts come by catch-up, which would run by itself within two minutes.
        with transaction() as session:
            session.scalars(select(CatchUp)).one().request(clock.now())
        wait_until(lambda: has_caught_up() and is_settled(row_id), "caught up")
        assert_same(held_here(db.session(), row_id), held_at_stripe(sandbox, account.id))
