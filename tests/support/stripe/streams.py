"""Streams of events: all of an account's, delivered truly signed in any order, settled by workers."""

import json
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from threading import Event
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.connection.processor_accounts import connected
from billingportal.jobs import sync as sync_jobs
from billingportal.models import CatchUp, ProcessorAccount, WebhookEndpoint
from billingportal.plain_json import JsonObject
from billingportal.portal import Portal, current_portal
from tests.support.stripe import events
from tests.support.stripe.rows import event_states
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient


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


def events_of(sandbox: SandboxClient, account: SandboxAccount, after: str = "") -> list[JsonObject]:
    """Every event of an account as Stripe would deliver it, newest first; only those after one, if its id is given."""
    found: list[JsonObject] = []
    older = ""
    while True:
        address = f"{sandbox.url}/v1/events?limit=100{older}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {account.test_key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.load(answer)
        ids = [one["id"] for one in page["data"]]
        if after in ids:
            return [*found, *page["data"][: ids.index(after)]]
        found += page["data"]
        if not page["has_more"]:
            return found
        older = f"&starting_after={ids[-1]}"


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


def repeat(app: Flask, job: Callable[[Portal], None], is_over: Callable[[], bool]) -> None:
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
            for done in [workers.submit(repeat, app, sync_jobs.reconcile_events, lambda: True) for _ in range(2)]:
                done.result()
        states = event_states(db.session(), processor_account_id)
        if not {"pending", "failed"} & set(states.values()):
            return
    raise AssertionError(f"not settled: {states}")
