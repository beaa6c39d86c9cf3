"""The door for Stripe's events: what each message is answered with, and what the database holds then."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.app import create_app
from billingportal.db import db, transaction
from billingportal.models import Customer, ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from billingportal.web.sync import webhook_endpoints
from tests.support.database import settings_for
from tests.support.pages import Visitor, text_of
from tests.support.stripe import events

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

TOKEN = "the-token-of-the-address"
UNREADABLE = "UnreadableObject: What Stripe sent is not as expected: balance is not a whole number."


@dataclass(frozen=True)
class Door:
    """The webhook address of a connected account, and a hand on what lies behind it."""

    client: Visitor
    session: Session

    def post(self, body: bytes, header: str | None = None, token: str = TOKEN) -> "TestResponse":
        headers = {"Stripe-Signature": events.signature(body) if header is None else header}
        return self.client.post(f"/webhooks/stripe/{token}", data=body, headers=headers)

    def send(self, message: JsonObject) -> int:
        """Deliver a signed message; its HTTP status."""
        return self.post(events.as_body(message)).status_code

    def stored(self) -> list[StripeEvent]:
        self.session.rollback()
        return list(self.session.scalars(select(StripeEvent).order_by(StripeEvent.id)))

    def states(self) -> list[str]:
        return [one.state for one in self.stored()]

    def customers(self) -> list[tuple[str | None, bool]]:
        self.session.rollback()
        found = self.session.scalars(select(Customer).order_by(Customer.stripe_customer_id))
        return [(one.name, one.deleted_at is not None) for one in found]


def add_account(secret: str | None = events.SECRET) -> None:
    vault = current_portal().vault
    with transaction() as session:
        account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", preflight=[])
        account.endpoint = WebhookEndpoint(
            token=TOKEN, state="registered", secret_sealed=None if secret is None else vault.seal(secret)
        )
        session.add(account)


@pytest.fixture
def door(client: Visitor, session: Session) -> Door:
    add_account()
    return Door(client, session)


def test_an_event_is_stored_and_absorbed(door: Door) -> None:
    message = events.event("customer.created", events.customer())

    assert door.send(message) == 200
    (stored,) = door.stored()
    assert (stored.stripe_event_id, stored.type, stored.object_id) == (message["id"], "customer.created", "cus_1")
    assert (stored.state, stored.source, stored.attempts, stored.next_attempt_at) == ("applied", "webhook", 1, None)
    assert stored.payload.encode() == events.as_body(message)
    assert stored.changes["name"] == [None, "Harbor Dental"]
    assert door.customers() == [("Harbor Dental", False)]


def test_a_second_delivery_of_the_same_event_changes_nothing(door: Door) -> None:
    message = events.event("customer.created", events.customer())

    assert [door.send(message), door.send(message)] == [200, 200]
    assert door.states() == ["applied"]
    assert door.session.scalar(select(Customer.revision)) == 1


def test_an_older_event_is_stale(door: Door) -> None:
    door.send(events.event("customer.updated", events.customer("New"), created=events.NOON + 5, previous={}))
    door.send(events.event("customer.updated", events.customer("Old"), previous={}))

    assert door.states() == ["applied", "stale"]
    assert door.customers() == [("New", False)]


def test_a_tie_that_nothing_proves_waits_to_be_asked_about(door: Door) -> None:
    door.send(events.event("customer.updated", events.customer("One"), previous={"name": "Zero"}))
    door.send(events.event("customer.updated", events.customer("Two"), previous={"name": "Other"}))

    waiting = door.stored()[1]
    assert waiting.state == "pending"
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at <= clock.now()
    assert door.customers() == [("One", False)]


def test_a_label_that_was_added_proves_its_place(door: Door) -> None:
    door.send(events.event("customer.created", events.customer()))
    labelled = events.customer(metadata={"tier": "gold"})
    door.send(events.event("customer.updated", labelled, previous={"metadata": {"tier": None}}))

    assert door.states() == ["applied", "applied"]


def test_a_deletion_marks_the_row(door: Door) -> None:
    door.send(events.event("customer.created", events.customer()))
    door.send(events.event("customer.deleted", events.customer(), created=events.NOON + 1))

    assert door.customers() == [("Harbor Dental", True)]
    assert door.stored()[1].changes == {"deleted": [False, True]}


def test_an_unknown_type_is_stored_as_ignored(door: Door) -> None:
    assert door.send(events.event("payout.paid", {"id": "po_1", "object": "payout"})) == 200
    assert door.states() == ["ignored"]


def test_an_event_in_another_api_version_waits_to_be_asked_about(door: Door) -> None:
    assert door.send(events.event("customer.created", events.customer(), api_version="2019-02-11")) == 200
    assert door.states() == ["pending"]
    assert door.customers() == []


def test_a_price_waits_to_be_asked_about_since_its_payload_hides_tiers(door: Door) -> None:
    assert door.send(events.event("price.created", {"id": "price_1", "object": "price"})) == 200
    assert door.states() == ["pending"]


def test_a_first_sighting_after_another_event_of_the_object_is_asked_about(door: Door) -> None:
    """Stripe may have answered to the other event that the object is gone, which leaves no row."""
    door.send(events.event("customer.deleted", events.customer(), api_version="2019-02-11"))
    door.send(events.event("customer.created", events.customer()))

    assert door.states() == ["pending", "pending"]
    assert door.customers() == []


def test_an_event_that_cannot_be_absorbed_is_stored_with_its_error(door: Door) -> None:
    assert door.send(events.event("customer.created", events.customer(balance="much"))) == 200
    (stored,) = door.stored()
    assert (stored.state, stored.error) == (
        "failed",
        UNREADABLE,
    )
    assert stored.next_attempt_at is not None
    assert stored.next_attempt_at > clock.now()
    assert door.customers() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"balance": 10**40},
        {"created": 10**18},
        {"metadata": ["not", "labels"]},
        {"id": None},
    ],
)
def test_nothing_in_a_signed_payload_makes_the_door_fail(door: Door, changes: JsonObject) -> None:
    inside: JsonObject = {**events.customer(), **changes}
    body = events.as_body(events.event("customer.created", inside))

    assert door.post(body).status_code == 200
    assert door.states() in (["failed"], ["ignored"])
    assert door.customers() == []


@pytest.mark.parametrize("changes", [{"livemode": True}, {"account": "acct_of_somebody_else"}])
def test_an_event_of_another_mode_or_account_is_refused_and_recorded(door: Door, changes: JsonObject) -> None:
    message: JsonObject = {**events.event("customer.created", events.customer()), **changes}

    assert door.send(message) == 400
    (stored,) = door.stored()
    assert stored.state == "refused"
    assert stored.error == "The event belongs to another mode or another Stripe account."
    assert stored.next_attempt_at is None
    assert door.customers() == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=,v1=",
        "t=1,v1=" + "0" * 64,
        "t=99999999999999999999,v1=00",
        "t=1700000000,v1=\u00fc\u00fc",
        "v0=abc",
    ],
)
def test_a_message_without_a_right_signature_is_not_taken(door: Door, header: str) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))

    assert door.post(body, header).status_code == 400
    assert door.states() == []


def test_a_message_that_was_changed_on_the_way_is_not_taken(door: Door) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))

    assert door.post(body.replace(b"Harbor", b"Harbour"), events.signature(body)).status_code == 400
    assert door.states() == []


def test_a_message_with_the_secret_of_another_endpoint_is_not_taken(door: Door) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))

    assert door.post(body, events.signature(body, "whsec_of_another_endpoint")).status_code == 400
    assert door.states() == []


def test_a_signature_older_than_five_minutes_is_not_taken(door: Door) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))

    assert door.post(body, events.signature(body, age_seconds=310)).status_code == 400
    assert door.post(body, events.signature(body, age_seconds=280)).status_code == 200
    assert door.states() == ["applied"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"object": "event"}',
        b'{"object": "customer", "id": "cus_1"}',
        b'{"object": "event", "id": "evt_1", "type": "x.y", "created": 1000000000000000000000, "data": {}}',
        b'{"object": "event", "id": "evt_1", "type": "x.y", "created": 1, "data": []}',
        b'{"object": "v2.core.event", "id": "evt_1"}',
    ],
)
def test_a_signed_message_that_is_no_event_is_not_taken(door: Door, body: bytes) -> None:
    assert door.post(body).status_code == 400
    assert door.states() == []


def test_bytes_that_are_no_text_are_not_taken(door: Door) -> None:
    assert door.post(b'{"id": "\xff\xfe"}', "t=1,v1=00").status_code == 400
    assert door.states() == []


def test_text_in_any_language_is_verified_on_its_raw_bytes(door: Door) -> None:
    assert door.send(events.event("customer.created", events.customer("Zahnärzte Łódź 歯科 🦷"))) == 200
    assert door.customers() == [("Zahnärzte Łódź 歯科 🦷", False)]


def test_an_unknown_address_is_not_found(door: Door) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))

    assert door.post(body, token="somebody-elses").status_code == 404
    assert door.client.get(f"/webhooks/stripe/{TOKEN}").status_code == 405
    assert door.states() == []


def test_an_event_of_more_than_a_megabyte_is_stored_and_its_page_shows_the_start(
    door: Door, signed_in: Visitor
) -> None:
    inside: JsonObject = {**events.customer(), "lines": ["x" * 500 for _ in range(3200)]}
    body = events.as_body(events.event("customer.created", inside))
    assert len(body) > 1_600_000

    assert door.post(body).status_code == 200
    (stored,) = door.stored()
    assert (stored.state, stored.payload.encode()) == ("applied", body)
    page = signed_in.get(f"/saas/events/{stored.id}")
    assert "The first 200,000 characters" in text_of(page)
    assert len(page.data) < 400_000


def test_an_event_of_more_than_four_megabytes_is_too_large(door: Door) -> None:
    body = events.as_body(events.event("customer.created", events.customer("x" * 4 * 1024 * 1024)))

    assert door.post(body).status_code == 413
    assert door.states() == []


def test_without_a_stored_secret_nothing_is_taken(client: Visitor, session: Session) -> None:
    add_account(secret=None)
    body = events.as_body(events.event("customer.created", events.customer()))

    assert Door(client, session).post(body, events.signature(body, "")).status_code == 400
    assert Door(client, session).states() == []


def test_a_secret_that_no_key_opens_takes_nothing(door: Door) -> None:
    with transaction() as session:
        session.scalars(select(WebhookEndpoint)).one().secret_sealed = "sealed by a key that is gone"

    assert door.send(events.event("customer.created", events.customer())) == 400
    assert door.states() == []


def test_the_previous_secret_is_taken_until_its_end(door: Door) -> None:
    with transaction() as session:
        endpoint = session.scalars(select(WebhookEndpoint)).one()
        endpoint.keep_secret(current_portal().vault.seal("whsec_the_new_one"), clock.now() + timedelta(hours=1))
    assert door.send(events.event("customer.created", events.customer())) == 200
    body = events.as_body(events.event("customer.updated", events.customer(), previous={}))
    assert door.post(body, events.signature(body, "whsec_the_new_one")).status_code == 200

    with transaction() as session:
        session.scalars(select(WebhookEndpoint)).one().previous_secret_ends_at = clock.now() - timedelta(seconds=1)
    assert door.send(events.event("customer.created", events.customer())) == 400
    assert door.states() == ["applied", "applied"]


def test_a_secret_that_changes_while_an_event_comes_in_costs_no_event(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker may register anew between our look at the secret and the storing of what it signed."""
    look_up = webhook_endpoints.look_up
    rotations = [True]

    def look_up_and_rotate(token: str) -> webhook_endpoints.Door | None:
        found = look_up(token)
        if rotations:
            rotations.clear()
            with transaction() as session:
                endpoint = session.scalars(select(WebhookEndpoint)).one()
                endpoint.keep_secret(current_portal().vault.seal("whsec_the_new_one"), clock.now() + timedelta(hours=1))
        return found

    monkeypatch.setattr(webhook_endpoints, "look_up", look_up_and_rotate)
    assert door.send(events.event("customer.created", events.customer())) == 200
    assert door.states() == ["applied"]


@pytest.mark.parametrize("secret", [None, "whsec_the_new_one"])
def test_what_a_process_remembers_of_an_address_ends_with_its_secret(door: Door, secret: str | None) -> None:
    assert door.send(events.event("customer.created", events.customer())) == 200
    with transaction() as session:
        endpoint = session.scalars(select(WebhookEndpoint)).one()
        endpoint.secret_sealed = None if secret is None else current_portal().vault.seal(secret)

    assert door.send(events.event("customer.updated", events.customer(), previous={})) == 400
    assert door.states() == ["applied"]


def test_neither_session_nor_form_token_is_needed_nor_made(door: Door) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))

    assert "Set-Cookie" not in door.post(body).headers


def test_a_connection_that_the_database_cut_costs_no_event(door: Door, app: Flask) -> None:
    door.send(events.event("customer.created", events.customer()))
    cut_connections()
    message = events.event("customer.updated", events.customer("New"), created=events.NOON + 1, previous={})

    statuses = [door.send(message) for _ in range(3)]

    assert set(statuses[:2]) <= {200, 503}
    assert statuses[2] == 200
    assert door.states() == ["applied", "applied"]
    assert door.session.scalar(select(func.count()).select_from(Customer)) == 1


def cut_connections() -> None:
    """What a restart of PostgreSQL does to the connections of its clients. SQLite has none to cut."""
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(text(f"{others} AND datname = current_database()"))


AWAY = ("sqlite:////no/such/folder/portal.sqlite3", "postgresql+psycopg://nobody@127.0.0.1:9/nothing")


@pytest.mark.parametrize("database_away", AWAY, ids=["sqlite", "postgresql"])
def test_while_the_database_is_away_stripe_is_told_to_come_again(database_away: str, tmp_path: Path) -> None:
    app = create_app(settings_for(database_away, tmp_path))
    body = events.as_body(events.event("customer.created", events.customer()))
    answer = app.test_client().post(
        f"/webhooks/stripe/{TOKEN}", data=body, headers={"Stripe-Signature": events.signature(body)}
    )

    assert answer.status_code == 503
