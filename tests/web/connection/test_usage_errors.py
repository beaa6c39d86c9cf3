"""The Payment Processor page: the line "Usage errors"."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.metering import outbox
from billingportal.models import EventDestination, MeterEvent, ProcessorAccount
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.usage.sent_events import sent_events
from tests.web.connection.test_processor import PAGE, save

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
ADDRESS = "http://127.0.0.1:9/webhooks/stripe/reports/"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


def line(page: str) -> str:
    """The line of the page, without its markup."""
    found = re.search(r'<div class="line" id="usage-errors">(.*?)<div class="line">', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def row(session: Session) -> EventDestination:
    session.rollback()
    return session.scalars(select(EventDestination)).one()


def test_it_is_registered_with_its_address(
    signed_in: Visitor, app: Flask, stripe_account: SandboxAccount, session: Session
) -> None:
    assert "Usage errors Registering…" in save(signed_in, stripe_account.test_key)
    work(app)
    page = signed_in.get(PAGE)
    assert line(page.text) == f"Usage errors registered {ADDRESS}{row(session).token}"
    assert f'data-copy="{ADDRESS}{row(session).token}"' in page.text
    assert "2 of 16 webhook endpoints used" in text_of(page)


@one_database
def test_page_and_update_show_the_same(signed_in: Visitor, app: Flask, stripe_account: SandboxAccount) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    update = signed_in.get(f"{PAGE}/status", headers={"HX-Request-Type": "partial"})
    assert line(update.text) == line(signed_in.get(PAGE).text)


@one_database
def test_a_repair_says_why_and_when(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    destinations = sandbox.client(stripe_account.test_key).v2.core.event_destinations
    destinations.disable(str(row(session).stripe_event_destination_id))
    signed_in.swap(f"{PAGE}/checks")
    work(app)
    words = "The event destination for usage errors was disabled in Stripe; switched it on again."
    page = signed_in.get(PAGE)
    assert line(page.text).startswith(f"Usage errors repaired {words} ")
    assert text_of(page).count(words) == 2
    with transaction() as writing:
        writing.scalars(select(EventDestination)).one().repaired_at = now() - timedelta(days=2)
    assert line(signed_in.get(PAGE).text).startswith("Usage errors registered ")


@one_database
def test_without_a_public_address_it_is_read_every_minute(
    app: Flask, settings: Settings, signed_in: Visitor, stripe_account: SandboxAccount
) -> None:
    portal = app.extensions["billingportal"]
    app.extensions["billingportal"] = replace(portal, settings=replace(settings, public_url=None))
    save(signed_in, stripe_account.test_key)
    work(app)
    said = line(signed_in.get(PAGE).text)
    assert said == (
        "Usage errors read every minute Stripe cannot reach this portal, so the reports are fetched instead. "
        "Nothing is missed."
    )


@one_database
def test_a_key_without_the_right_is_told_which(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    rights = ["balance:read", "webhook_endpoints:write", "events:read"]
    key = sandbox.control("keys", account=stripe_account.id, mode="test", kind="restricted", rights=rights)["key"]
    save(signed_in, key)
    work(app)
    page = signed_in.get(PAGE)
    assert "Right missing: Event Destinations, Write" in text_of(page)
    assert line(page.text).startswith(
        "Usage errors read every minute The key may not read or register event destinations."
    )
    assert line(page.text).endswith("Nothing is missed.")


def test_units_that_were_rejected_today_are_counted(
    signed_in: Visitor, app: Flask, stripe_account: SandboxAccount, session: Session
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    session.rollback()
    events = sent_events(session.scalars(select(ProcessorAccount.id)).one())
    for value, sent_at in ((1200, now()), (34, now()), (5, now() - timedelta(days=2))):
        identifier = events.add(value=value, sent_at=sent_at)
        with transaction() as writing:
            found = writing.scalars(select(MeterEvent.id).where(MeterEvent.identifier == identifier)).one()
            outbox.reject(writing, [found], "archived_meter", "The meter is archived.")
    said = line(signed_in.get(PAGE).text)
    assert said.startswith("Usage errors registered 1,234 units rejected today See the ledger ")


@one_database
def test_without_a_working_key_it_is_unknown(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    sandbox.control("keys/revoke", key=stripe_account.test_key)
    signed_in.swap(f"{PAGE}/checks")
    work(app)
    assert line(signed_in.get(PAGE).text) == "Usage errors unknown Checked again once the key works."
