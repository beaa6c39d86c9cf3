"""The address for Stripe's reports about usage: what each message is answered with, and what is stored."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.models import EventDestination, MeterErrorReport, ProcessorAccount, WebhookEndpoint
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from tests.support.pages import Visitor
from tests.support.stripe import events

TOKEN, WEBHOOK_TOKEN = "the-token-of-the-reports", "the-token-of-the-webhook"
REPORT = "v1.billing.meter.error_report_triggered"


def notice(type_: str = REPORT, **changes: object) -> JsonObject:
    found: dict[str, object] = {
        "id": "evt_test_1",
        "object": "v2.core.event",
        "type": type_,
        "created": "2026-11-26T12:00:00.123Z",
        "livemode": False,
        "context": None,
        "reason": None,
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
        **changes,
    }
    return {name: value for name, value in found.items() if value != "left out"}  # type: ignore[misc]


@dataclass(frozen=True)
class Address:
    """The two addresses of a connected account, and a hand on what is stored."""

    client: Visitor
    session: Session

    def post(self, body: bytes, header: str | None = None, path: str = f"reports/{TOKEN}") -> tuple[int, str]:
        headers = {"Stripe-Signature": events.signature(body) if header is None else header}
        answer = self.client.post(f"/webhooks/stripe/{path}", data=body, headers=headers)
        return answer.status_code, answer.text.strip()

    def send(self, message: JsonObject, path: str = f"reports/{TOKEN}") -> tuple[int, str]:
        return self.post(events.as_body(message), path=path)

    def stored(self) -> list[MeterErrorReport]:
        self.session.rollback()
        return list(self.session.scalars(select(MeterErrorReport)))


@pytest.fixture
def address(app: Flask, client: Visitor, session: Session) -> Address:
    with transaction() as writing:
        account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", preflight=[])
        secret = current_portal().vault.seal(events.SECRET)
        account.endpoint = WebhookEndpoint(token=WEBHOOK_TOKEN, state="registered", secret_sealed=secret)
        account.destination = EventDestination(token=TOKEN, state="registered", secret_sealed=secret)
        writing.add(account)
    return Address(client, session)


def test_a_notice_is_stored_once_and_waits_for_the_worker(address: Address) -> None:
    assert address.send(notice()) == (200, "stored")
    assert address.send(notice()) == (200, "stored before")
    (row,) = address.stored()
    assert (row.stripe_event_id, row.type, row.stripe_meter_id) == ("evt_test_1", REPORT, "mtr_1")
    assert (row.applied_at, row.attempts) == (None, 0)
    assert row.next_attempt_at is not None
    assert row.next_attempt_at <= clock.now()
    assert row.created_at.microsecond == 123_000


def test_a_notice_without_a_related_object_is_stored(address: Address) -> None:
    assert address.send(notice("v1.billing.meter.no_meter_found", related_object="left out")) == (200, "stored")
    assert address.stored()[0].stripe_meter_id is None


def test_a_notice_may_name_the_account_itself(address: Address) -> None:
    assert address.send(notice(context="acct_1")) == (200, "stored")


@pytest.mark.parametrize("type_", ["v2.core.event_destination.ping", "v1.customer.updated", "v9.not.known.yet"])
def test_other_types_are_acknowledged_and_not_stored(address: Address, type_: str) -> None:
    assert address.send(notice(type_)) == (200, "not needed")
    assert address.stored() == []


@pytest.mark.parametrize(
    "message",
    [
        notice(livemode=True),
        notice(context="acct_of_another"),
        notice(object="event"),
        notice(created="yesterday"),
        notice(created="2026-11-26T12:00:00"),
        notice(id=None),
        notice(id="x" * 300),
        notice(related_object={"id": "mtr\0_1"}),
        events.event("customer.created", events.customer()),
    ],
)
def test_what_is_no_notice_for_this_account_is_refused(address: Address, message: JsonObject) -> None:
    assert address.send(message)[0] == 400
    assert address.stored() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff", b'{"id": 1e999}'])
def test_what_is_no_json_object_is_refused(address: Address, body: bytes) -> None:
    assert address.post(body, None if body != b"\xff" else "t=1,v1=0")[0] == 400
    assert address.stored() == []


def test_the_signature_is_checked_on_the_raw_body(address: Address) -> None:
    body = events.as_body(notice())
    for header in ("", "nonsense", events.signature(body, "whsec_of_another"), events.signature(body, age_seconds=400)):
        assert address.post(body, header)[0] == 400
    assert address.post(body + b" ", events.signature(body))[0] == 400
    assert address.stored() == []
    assert address.post(body) == (200, "stored")


def test_a_message_that_is_too_long_is_refused_before_it_is_read(address: Address) -> None:
    assert address.post(b" " * (4 * 1024 * 1024 + 1))[0] == 413


def test_each_kind_of_event_has_an_address_of_its_own(address: Address) -> None:
    assert address.send(notice(), path=WEBHOOK_TOKEN)[0] == 400
    assert address.send(notice(), path=TOKEN)[0] == 404
    assert address.send(notice(), path=f"reports/{WEBHOOK_TOKEN}")[0] == 404
    assert address.stored() == []


def test_the_previous_secret_counts_until_its_time_is_over(address: Address) -> None:
    vault = current_portal().vault
    with transaction() as session:
        row = session.scalars(select(EventDestination)).one()
        row.keep_secret(vault.seal("whsec_new"), clock.now() + timedelta(days=4))
    assert address.send(notice()) == (200, "stored")
    with transaction() as session:
        session.scalars(select(EventDestination)).one().previous_secret_ends_at = clock.now() - timedelta(seconds=1)
    assert address.send(notice(id="evt_test_2"))[0] == 400


def test_after_a_disconnection_nothing_is_taken(address: Address) -> None:
    with transaction() as session:
        session.scalars(select(EventDestination)).one().forget_registration()
    assert address.send(notice())[0] == 400


def test_a_secret_that_no_key_opens_is_no_failure_of_the_portals(address: Address) -> None:
    with transaction() as session:
        session.scalars(select(EventDestination)).one().secret_sealed = "sealed with a key that is gone"
    assert address.send(notice()) == (400, "The stored signing secret cannot be opened.")
