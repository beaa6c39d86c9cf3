"""The Payment Processor page: up to when it is complete, how far a reading is, and what could not be read."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import CatchUp, Product, StripeEvent
from billingportal.models.connection.stripe_event import EventState
from billingportal.web.connection.reading import progress_words, time_words
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

PAGE = "/saas/payment-processor"
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


def add_event(state: EventState, created_ago: timedelta, object_id: str) -> None:
    moment = clock.now()
    with transaction() as session:
        row = StripeEvent(
            processor_account_id=session.scalars(select(CatchUp.processor_account_id)).one(),
            stripe_event_id=f"evt_{object_id}_{created_ago.seconds}",
            type="customer.updated",
            object_id=object_id,
            created_at=moment - created_ago,
            received_at=moment,
            source="catch-up",
            state=state,
            payload="{}",
            attempted_at=moment,
            next_attempt_at=moment + timedelta(minutes=1),
        )
        session.add(row)


def test_events_that_wait_hold_back_the_time_and_are_counted_by_object(
    signed_in: Visitor, app: Flask, stripe_account: SandboxAccount, session: Session
) -> None:
    signed_in.swap(PAGE, {"secret_key": stripe_account.test_key})
    work(app)
    assert "still to read" not in text_of(signed_in.get(PAGE))
    oldest = timedelta(minutes=75)
    for object_id, ago in (("cus_1", oldest), ("cus_1", timedelta(minutes=60)), ("cus_2", timedelta(minutes=5))):
        add_event("pending", ago, object_id)
    words = text_of(signed_in.get(PAGE))

    said = re.search(r"Complete up to (.*?)(\d\d:\d)\d", words)  # with the day, where it was another one
    assert said is not None
    assert said[2] == f"{clock.now() - oldest:%H:%M}"[:-1]
    assert "2 objects still to read" in words
    add_event("failed", timedelta(minutes=2), "cus_3")
    assert "3 objects still to read Failed events" in text_of(signed_in.get(PAGE))


@one_database
def test_a_list_that_the_key_may_not_read_is_named_and_the_rest_is_there(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> None:
    sandbox.control("samples", account=stripe_account.id, mode="test", name="catalog")
    nouns = ("webhook_endpoints", "events", "products", "prices", "customers", "subscriptions", "invoices")
    more = ("billing_meters", "checkout_sessions", "customer_portal", "subscription_schedules", "test_clocks")
    rights = ["balance:read", "disputes:read", "invoice_payments:read", *(f"{noun}:write" for noun in (*nouns, *more))]
    key = sandbox.control("keys", account=stripe_account.id, mode="test", kind="restricted", rights=rights)["key"]
    signed_in.swap(PAGE, {"secret_key": key})
    work(app)
    words = text_of(signed_in.get(PAGE))

    assert "What could not be read" in words
    assert "All refunds The provided key" in words
    assert "All disputes" not in words
    assert "Right missing: Refunds, Write" in words
    assert "Right missing: Payment Methods, Read" in words
    assert "Complete up to" in words
    session.rollback()
    assert session.scalars(select(Product.id)).first() is not None


def reading_of(percent: int, walk: str) -> CatchUp:
    started_at = clock.now() - timedelta(minutes=10)
    return CatchUp(walk=walk, list_percent=percent, pass_started_at=started_at, objects_read=4300, page_size=100)


@pytest.mark.parametrize(
    ("percent", "walk", "words"),
    [
        (0, "active products", "Reading active products, list 1 of 12: 4,300 objects so far"),
        (50, "invoices", "Reading invoices, list 8 of 12: 4,300 objects so far, about 13 minutes left"),
        (99, "disputes", "Reading disputes, list 12 of 12: 4,300 objects so far, less than a minute left"),
    ],
)
def test_a_full_reading_says_how_far_it_is_and_about_how_long_it_takes(percent: int, walk: str, words: str) -> None:
    assert progress_words(reading_of(percent, walk)) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=61), "about 1 minute"),
        (timedelta(minutes=59), "about 59 minutes"),
        (timedelta(minutes=61), "about 1 hour"),
        (timedelta(hours=5), "about 5 hours"),
    ],
)
def test_the_time_left_is_said_roughly(left: timedelta, words: str) -> None:
    assert time_words(left) == words
