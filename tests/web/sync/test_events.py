"""SaaS > Webhook events: the inbox as people see it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import Customer, ProcessorAccount, StripeEvent
from billingportal.models.connection.stripe_event import EventState
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

PAGE = "/saas/events"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def connected(signed_in: Visitor, app: Flask, stripe_account: SandboxAccount) -> int:
    """A connected account; its id."""
    signed_in.swap("/saas/payment-processor", {"secret_key": stripe_account.test_key})
    work(app)
    with app.app_context(), transaction() as session:
        return session.scalars(select(ProcessorAccount.id)).one()


def add_event(
    app: Flask,
    account_id: int,
    *,
    number: int = 1,
    type: str = "customer.created",
    object_id: str = "cus_1",
    state: EventState = "applied",
    error: str | None = None,
) -> int:
    """An event in the inbox, as if it had come a moment ago."""
    moment = now()
    with app.app_context(), transaction() as session:
        event = StripeEvent(
            processor_account_id=account_id,
            stripe_event_id=f"evt_{number}",
            type=type,
            object_id=object_id,
            created_at=moment,
            received_at=moment,
            source="webhook",
            state=state,
            payload='{"id": "evt", "note": "</pre><script>alert(1)</script>"}',
            attempts=2 if state == "failed" else 1,
            attempted_at=moment,
            next_attempt_at=moment + timedelta(hours=1) if state == "failed" else None,
            error=error,
            changes={"name": ["Ada", "Ada Lovelace"]} if state == "applied" else {},
        )
        session.add(event)
        session.flush()
        return event.id


def test_without_a_connection_the_page_leads_to_it(signed_in: Visitor) -> None:
    words = text_of(signed_in.get(PAGE))

    assert "Stripe is not connected in test mode" in words
    assert "Connect Stripe" in words


def test_an_empty_inbox_says_what_will_be_here(signed_in: Visitor, connected: int) -> None:
    assert "What happens at Stripe from now on shows up here by itself" in text_of(signed_in.get(PAGE))


def test_events_are_listed_newest_first_with_their_state(signed_in: Visitor, app: Flask, connected: int) -> None:
    states: list[EventState] = ["applied", "stale", "ignored", "pending", "failed", "refused"]
    for number, state in enumerate(states):
        add_event(app, connected, number=number, object_id=f"cus_{number}", state=state)
    words = text_of(signed_in.get(PAGE))

    shown = ["Refused", "Failed, 2 tries", "Pending", "Ignored", "Stale", "Applied"]
    positions = [words.index(f"cus_{5 - place} {state}") for place, state in enumerate(shown)]
    assert positions == sorted(positions)


def test_the_list_is_paged_both_ways(signed_in: Visitor, app: Flask, connected: int) -> None:
    ids = [add_event(app, connected, number=number, object_id=f"cus_n{number}x") for number in range(60)]
    first = signed_in.get(PAGE)
    second = signed_in.get(f"{PAGE}?before={ids[35]}")
    third = signed_in.get(f"{PAGE}?before={ids[10]}")
    back = signed_in.get(f"{PAGE}?after={ids[9]}")

    assert "cus_n59x" in first.text
    assert "cus_n34x" not in first.text
    assert 'id="newer"' not in first.text
    assert f"before={ids[35]}" in first.text
    assert "cus_n34x" in second.text
    assert "cus_n10x" in second.text
    assert "cus_n9x" in third.text
    assert 'id="older"' not in third.text
    assert "cus_n34x" in back.text
    assert "cus_n35x" not in back.text
    assert f"after={ids[34]}" in back.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=cus_2", {"cus_2"}),
        ("q=evt_3", {"cus_3"}),
        ("q=invoice.paid", {"in_4"}),
        ("type=invoice.paid", {"in_4"}),
        ("state=failed", {"cus_2"}),
        ("state=failed&q=cus_3", set[str]()),
        ("state=nonsense", {"cus_2", "cus_3", "in_4"}),
        ("q=%27%20OR%201=1", set[str]()),
        ("before=99999999999999999999999", {"cus_2", "cus_3", "in_4"}),
        ("before=x", {"cus_2", "cus_3", "in_4"}),
    ],
)
def test_events_are_found_by_object_event_type_and_state(
    signed_in: Visitor, app: Flask, connected: int, query: str, found: set[str]
) -> None:
    add_event(app, connected, number=2, object_id="cus_2", state="failed")
    add_event(app, connected, number=3, object_id="cus_3")
    add_event(app, connected, number=4, object_id="in_4", type="invoice.paid")
    words = text_of(signed_in.get(f"{PAGE}?{query}"))

    assert {one for one in ("cus_2", "cus_3", "in_4") if f"{one} " in words} == found
    assert found or "No event fits" in words


def test_a_poll_that_would_show_the_same_changes_nothing(signed_in: Visitor, app: Flask, connected: int) -> None:
    add_event(app, connected)
    address = signed_in.get(PAGE).text.split('id="event-list"')[1].split('hx-get="')[1].split('"')[0]

    assert signed_in.get(address).status_code == 204
    add_event(app, connected, number=2)
    assert signed_in.get(address).status_code == 200


def test_an_event_shows_what_it_changed_and_its_message_as_text(signed_in: Visitor, app: Flask, connected: int) -> None:
    page = signed_in.get(f"{PAGE}/{add_event(app, connected)}")

    assert "Customer created" in text_of(page)
    assert "Name" in text_of(page)
    assert "Ada Lovelace" in page.text
    assert "<script>alert(1)" not in page.text


def test_a_failed_event_shows_its_error_and_is_counted_in_the_navigation(
    signed_in: Visitor, app: Flask, connected: int
) -> None:
    event_id = add_event(app, connected, state="failed", error="UnreadableObject: name is not text")
    page = text_of(signed_in.get(f"{PAGE}/{event_id}"))

    assert "UnreadableObject: name is not text" in page
    assert "Next try at" in page
    assert "Webhook events 1 failed" in page


def test_a_replay_asks_stripe_and_applies(
    signed_in: Visitor, app: Flask, connected: int, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> None:
    made = sandbox.client(stripe_account.test_key).v1.customers.create(params={"name": "Atlas Fitness"})
    event_id = add_event(app, connected, object_id=made.id, state="failed", error="broken")
    words = text_of(signed_in.swap(f"{PAGE}/{event_id}/replays"))

    assert "Applied" in words
    assert session.scalars(select(Customer.name).where(Customer.stripe_customer_id == made.id)).one() == "Atlas Fitness"


def test_a_replay_that_cannot_ask_stripe_says_so_and_loses_nothing(
    signed_in: Visitor, app: Flask, connected: int, sandbox: Sandbox, session: Session
) -> None:
    event_id = add_event(app, connected, state="failed")
    sandbox.control("faults", kind="500")
    answer = signed_in.swap(f"{PAGE}/{event_id}/replays")

    assert answer.status_code == 503
    assert "Stripe does not answer Stripe could not be asked" in text_of(answer)
    assert "The event stays in the inbox." in text_of(answer)
    assert session.get_one(StripeEvent, event_id).state == "failed"


@pytest.mark.parametrize(("state", "type"), [("refused", "customer.created"), ("ignored", "charge.succeeded")])
def test_what_nothing_depends_on_cannot_be_replayed(
    signed_in: Visitor, app: Flask, connected: int, state: EventState, type: str
) -> None:
    event_id = add_event(app, connected, state=state, type=type)

    assert 'id="replay"' not in signed_in.get(f"{PAGE}/{event_id}").text
    assert signed_in.swap(f"{PAGE}/{event_id}/replays").status_code == 409


def test_all_failed_events_are_replayed_by_the_worker(
    signed_in: Visitor, app: Flask, connected: int, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> None:
    made = sandbox.client(stripe_account.test_key).v1.customers.create(params={"name": "Studio Nord"})
    for number in (1, 2):
        add_event(app, connected, number=number, object_id=made.id, state="failed")
    answer = signed_in.submit(f"{PAGE}/replays")
    work(app)

    assert answer.status_code == 303
    assert "2 failed events are being replayed." in text_of(signed_in.get(PAGE))
    assert set(session.scalars(select(StripeEvent.state).where(StripeEvent.object_id == made.id))) == {"applied"}


def test_the_other_mode_shows_none_of_it(signed_in: Visitor, app: Flask, connected: int) -> None:
    event_id = add_event(app, connected)
    signed_in.submit("/mode", {"mode": "live"})

    assert "Stripe is not connected in live mode" in text_of(signed_in.get(PAGE))
    assert signed_in.get(f"{PAGE}/{event_id}").status_code == 404
    assert signed_in.swap(f"{PAGE}/{event_id}/replays").status_code == 404


@pytest.mark.parametrize("event_id", ["0", "999999", "99999999999999999999999999", "-1", "x"])
def test_an_event_that_is_not_there_is_not_found(signed_in: Visitor, connected: int, event_id: str) -> None:
    assert signed_in.get(f"{PAGE}/{event_id}").status_code == 404


def test_a_viewer_may_look_but_not_replay(viewer: Visitor, app: Flask, connected: int) -> None:
    event_id = add_event(app, connected, state="failed")

    assert viewer.get(f"{PAGE}/{event_id}").status_code == 200
    assert viewer.swap(f"{PAGE}/{event_id}/replays").status_code == 403
    assert viewer.swap(f"{PAGE}/replays").status_code == 403
