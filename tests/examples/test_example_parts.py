"""The parts of `examples/host_platform.py`: refusals, reservations, webhooks, the command line."""

import base64
import http.client
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook

from billingportal.models.auth.staff import Staff
from billingportal.models.usage.usage_record import UsageRecord
from examples.host_platform import Gate, Inbox, Json, Portal, Problem, Queue, Store, verify_webhook, webhook_server
from tests.support.api.callers import new_key
from tests.support.program import ROOT
from tests.support.server import serving
from tests.support.usage.takers import Taker, Takers, run_out

# Seconds in which a portal that is up answers, also on a busy machine.
UP = 60
# An example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED_AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}


@pytest.fixture
def takers(app: Flask, session: Session, owner: Staff) -> Takers:
    return Takers(app, owner.id)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def key(app: Flask, owner: Staff) -> str:
    return new_key(app, owner.id).key or ""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "platform.sqlite3"))
    yield store
    store.close()


@pytest.fixture
def gate(address: str, key: str, store: Store) -> Gate:
    return Gate(Portal(address, key, patience=UP), store)


@pytest.fixture
def queue(gate: Gate, store: Store) -> Queue:
    return Queue(gate.portal, store)


def test_a_refused_record_is_kept_aside_and_costs_the_others_nothing(queue: Queue, takers: Takers) -> None:
    taker = takers.taker(10)
    for number in range(5):
        queue.report(f"message-{number}", taker.workspace, taker.resource_key, quantity=1)
    queue.report("no such workspace", "client1000", taker.resource_key, quantity=1)
    queue.report("k" * 200, taker.workspace, taker.resource_key, quantity=1)

    sent = queue.flush()

    assert (sent.accepted, sent.duplicates, sent.refused, sent.waiting) == (5, 0, 2, 0)
    refused = {key[:20]: reason for key, reason, _ in queue.refused()}
    assert refused["no such workspace"] == "unknown_workspace"
    assert refused["k" * 20].startswith("422 invalid: ")
    queue.report("no such workspace", taker.workspace, taker.resource_key, quantity=1)
    assert queue.flush().accepted == 1
    assert len(queue.refused()) == 1


def test_a_record_that_waits_cannot_be_changed(queue: Queue) -> None:
    queue.report("message-1", "harbor", "messages", quantity=1)
    queue.report("message-1", "harbor", "messages", quantity=1)
    assert queue.count_waiting() == 1
    with pytest.raises(ValueError, match="message-1 waits already with other content"):
        queue.report("message-1", "harbor", "messages", quantity=2)


def test_a_key_that_does_not_work_costs_no_record(address: str, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    queue = Queue(Portal(address, "bp_test_revoked", patience=UP), store)
    queue.report("message-1", "harbor", "messages", quantity=1)
    assert queue.flush().waiting == 1
    assert "1 records wait: 401 unauthenticated" in caplog.text


def test_units_are_reserved_until_there_are_none(gate: Gate, queue: Queue, takers: Takers) -> None:
    taker = takers.taker(3)
    first = gate.reserve(taker.workspace, taker.resource_key, 2, "order-1")
    assert gate.reserve(taker.workspace, taker.resource_key, 2, "order-1") == first
    second = gate.reserve(taker.workspace, taker.resource_key, 2, "order-2")
    assert (second.granted, second.reason) == (False, "limit_reached")
    gate.release(first)
    third = gate.reserve(taker.workspace, taker.resource_key, 3, "order-3")
    queue.confirm(third, 2)
    queue.flush()
    assert (taker.stand.used, taker.stand.reserved) == (2, 0)
    assert gate.may_add(taker.workspace, taker.resource_key)


def test_what_was_used_of_an_expired_reservation_is_reported(
    gate: Gate, queue: Queue, takers: Takers, session: Session
) -> None:
    taker = takers.taker(3)
    gate.may_add(taker.workspace, taker.resource_key)
    late = gate.reserve(taker.workspace, taker.resource_key, 3, "order-1")
    assert late.id is not None
    run_out([int(late.id.removeprefix("rsv_"))])
    assert gate.reserve(taker.workspace, taker.resource_key, 3, "order-2").granted
    queue.confirm(late)

    assert queue.flush().accepted == 1

    assert keys(session, taker) == ["order-1"]
    assert queue.refused() == []


def keys(session: Session, taker: Taker) -> list[str]:
    session.rollback()
    wanted = UsageRecord.resource_id == taker.resource_id
    return list(session.scalars(select(UsageRecord.key).where(wanted)))


def test_names_that_nobody_knows_are_told_apart_from_an_outage(gate: Gate, takers: Takers) -> None:
    taker = takers.taker(3)
    with pytest.raises(Problem, match="404 workspace_not_found"):
        gate.may_add("client1000", taker.resource_key)
    with pytest.raises(LookupError, match="no resource stars"):
        gate.may_add(taker.workspace, "stars")


@pytest.mark.parametrize("signatures", [SIGNATURE, f"v1,b3RoZXI= {SIGNATURE}", f"v1a,x {SIGNATURE}"])
def test_a_signature_that_fits_is_believed(signatures: str) -> None:
    headers = {**HEADERS, "Webhook-Signature": signatures}
    assert verify_webhook(SECRET, headers, BODY, SIGNED_AT) == HEADERS["webhook-id"]


@pytest.mark.parametrize(
    ("changed", "body", "later"),
    [
        ({}, BODY + b" ", 0),
        ({"webhook-id": "msg_other"}, BODY, 0),
        ({"webhook-id": ""}, BODY, 0),
        ({"webhook-timestamp": "1614265331"}, BODY, 0),
        ({"webhook-timestamp": "soon"}, BODY, 0),
        ({"webhook-signature": "v1,b3RoZXI="}, BODY, 0),
        ({"webhook-signature": SIGNATURE.removeprefix("v1,")}, BODY, 0),
        ({"webhook-signature": ""}, BODY, 0),
        ({"webhook-signature": "v1,\u00fc"}, BODY, 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_a_message_that_the_portal_did_not_sign_now_is_not_believed(
    changed: dict[str, str], body: bytes, later: int
) -> None:
    headers = {**HEADERS, "webhook-signature": SIGNATURE, **changed}
    with pytest.raises(ValueError, match=r"missing|too old|no signature"):
        verify_webhook(SECRET, headers, body, SIGNED_AT + timedelta(seconds=later))


@contextmanager
def listening(inbox: Inbox) -> Iterator[HTTPServer]:
    server = webhook_server(inbox, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def deliver(server: HTTPServer, webhook_id: str, event: Json, secret: str = SECRET) -> int:
    """Send an event as the portal does, signed by the specification's own library; the status of the answer."""
    body = json.dumps(event)
    signature = Webhook(secret).sign(webhook_id, SIGNED_AT, body)
    moment = str(int(SIGNED_AT.timestamp()))
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=UP)
    headers = {"webhook-id": webhook_id, "webhook-timestamp": moment, "webhook-signature": signature}
    try:
        connection.request("POST", "/", body.encode(), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_webhook_is_taken_once_and_brings_the_new_entitlements(
    gate: Gate, takers: Takers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "host_platform")
    taker = takers.taker(3)
    answer = gate.entitlements(taker.workspace)
    suspended = {**answer, "access": "suspended", "revision": answer["revision"] + 1}
    older = {**answer, "access": "limited", "revision": answer["revision"] - 1}
    with listening(Inbox(gate.store, SECRET, lambda: SIGNED_AT)) as server:
        assert deliver(server, "msg_1", {"type": "entitlements.changed", "data": suspended}) == 204
        assert deliver(server, "msg_2", {"type": "entitlements.changed", "data": older}) == 204
        assert deliver(server, "msg_2", {"type": "entitlements.changed", "data": older}) == 204
        wrong = "whsec_" + base64.b64encode(b"another secret of 32 characters.").decode()
        assert deliver(server, "msg_3", {"type": "client.created", "data": {}}, wrong) == 401

    _, kept = gate.store.last_answer(f"/workspaces/external:{taker.workspace}/entitlements")
    assert kept == suspended
    assert [message.split(":")[0] for message in caplog.messages] == [
        "webhook msg_1 entitlements.changed",
        "webhook msg_2 entitlements.changed",
        "a webhook was not taken",
    ]
    assert gate.entitlements(taker.workspace) == answer


def test_the_command_line_needs_nothing_but_python(address: str, key: str, takers: Takers, tmp_path: Path) -> None:
    taker = takers.taker(2)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-I", "-S", str(ROOT / "examples" / "host_platform.py"), "--portal", address]
        return subprocess.run([*program, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=UP)

    assert "give an API key" in run("flush").stderr
    with_key = ("--key", key, "--patience", str(UP))
    reported = run(*with_key, "report", "message-1", taker.workspace, taker.resource_key, "--quantity", "2")
    assert (reported.returncode, reported.stdout) == (0, "accepted 1, duplicates 0, refused 0, waiting 0\n")
    asked = run(*with_key, "may-add", taker.workspace, taker.resource_key)
    assert (asked.returncode, asked.stdout) == (1, "no\n")
    refused = run(*with_key, "reserve", taker.workspace, taker.resource_key, "1", "--idempotency-key", "order-1")
    assert (refused.returncode, refused.stdout) == (1, "refused: limit_reached\n")
