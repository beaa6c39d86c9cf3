"""The card of the newest audit on Health, what an audit found, and starting one."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.jobs.audits import run_audits
from billingportal.models import AuditEntry, Customer, StripeAudit
from billingportal.models.auth.staff import Staff
from tests.support.health.checks import connect
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE, AUDITS = "/saas/health", "/saas/health/audits"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox, session: Session) -> Iterator[World]:
    """Connected, with one customer, whose name is wrong here."""
    world = World(app, sandbox, new_account(sandbox))
    sandbox.client(world.stripe_account.test_key).v1.customers.create(params={"name": "Harbor Dental"})
    connect(world)
    with transaction() as session:
        session.execute(update(Customer).values(name="Somebody", as_of=now() - timedelta(days=1)))
    yield world
    sandbox.control("faults", verb="DELETE")


def test_before_the_first_night_the_card_says_when_it_begins(world: World, signed_in: Visitor) -> None:
    page = text_of(signed_in.get(PAGE))
    assert "Nightly audit" in page
    assert "The first one begins at 03:10 UTC." in page
    assert "Audit now" in page


def test_audit_now_has_the_worker_audit_and_the_card_follows_it(world: World, signed_in: Visitor) -> None:
    answer = signed_in.swap(AUDITS)
    assert answer.status_code == 200
    assert "Reading Stripe’s lists" in text_of(answer)
    assert 'hx-trigger="every 2s"' in answer.text
    assert 'id="audit-now"' not in answer.text
    signed_in.submit(AUDITS)
    assert len(world.session.scalars(select(StripeAudit)).all()) == 1

    run_audits(world.portal)
    card = signed_in.get(f"{AUDITS}/card")
    assert "Every row compared with Stripe, field by field." in text_of(card)
    assert "hx-trigger" not in card.text
    assert [row.action for row in world.session.scalars(select(AuditEntry))][-1] == "audit.requested"


def test_the_page_of_an_audit_shows_what_was_here_and_what_stripe_has(world: World, signed_in: Visitor) -> None:
    signed_in.submit(AUDITS)
    run_audits(world.portal)
    found = world.session.scalars(select(StripeAudit)).one()
    page = text_of(signed_in.get(f"{AUDITS}/{found.id}"))

    assert "1 repaired, 0 reported." in page
    assert "Name differed. Stripe’s state was stored." in page
    assert "Somebody" in page
    assert "Harbor Dental" in page
    assert world.session.scalars(select(Customer.name)).one() == "Harbor Dental"


def test_an_audit_of_another_mode_or_account_is_not_there(world: World, signed_in: Visitor) -> None:
    assert signed_in.get(f"{AUDITS}/99").status_code == 404


def test_who_may_only_look_cannot_start_one(world: World, signed_in: Visitor) -> None:
    with transaction() as session:
        session.execute(update(Staff).values(role="viewer"))
    assert "Audit now" not in text_of(signed_in.get(PAGE))
    assert signed_in.submit(AUDITS).status_code == 403
