"""Settings > Checkout."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.checkout.settings import Selling
from billingportal.models import AuditEntry
from tests.support.catalog.catalog import connect
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

PAGE = "/settings/checkout"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


def test_without_a_choice_the_defaults_hold(signed_in: Visitor, session: Session) -> None:
    page = signed_in.get(PAGE)
    assert page.status_code == 200
    switches = re.findall(r'<input [^>]*type="checkbox"[^>]*>', page.text)
    assert len(switches) == 6
    assert [one for one in switches if "checked" in one] == []
    assert checkout_settings.current_settings(session) == Selling()


def test_what_is_switched_on_is_kept_and_written_down(signed_in: Visitor, session: Session) -> None:
    given = {"allows_promotion_codes": "y", "computes_tax": "y", "address_collection": "required"}
    for _ in range(2):
        saved = signed_in.submit(PAGE, given)
        assert (saved.status_code, saved.location) == (303, PAGE)
    session.rollback()
    chosen = Selling(allows_promotion_codes=True, computes_tax=True, address_collection="required")
    assert checkout_settings.current_settings(session) == chosen
    changed = session.scalars(select(AuditEntry.details).where(AuditEntry.action == "selling.updated")).all()
    assert changed == [{"changed": ["allows_promotion_codes", "computes_tax", "address_collection"]}]
    assert "Checkout saved." in signed_in.get(PAGE).text


def test_viewers_look_and_do_not_touch(viewer: Visitor) -> None:
    page = viewer.get(PAGE)
    assert "Save checkout" not in page.text
    assert viewer.submit(PAGE, {"computes_tax": "y"}).status_code == 403


def test_without_an_account_nobody_asks_stripe(signed_in: Visitor) -> None:
    assert "Stripe is not connected in test mode" in text_of(signed_in.get(PAGE))
    assert "Stripe does not tell" in text_of(signed_in.swap(f"{PAGE}/tax", method="GET"))


def test_whether_stripe_tax_is_ready_is_asked_and_said(
    app: Flask, signed_in: Visitor, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    connect(app, signed_in, stripe_account.test_key)
    assert "Ask Stripe whether it is ready" in text_of(signed_in.get(PAGE))
    sandbox.control("tax", account=stripe_account.id, mode="test", percent=19, active=False)
    assert "Stripe Tax is not ready" in text_of(signed_in.get(f"{PAGE}/tax"))
    sandbox.control("tax", account=stripe_account.id, mode="test", percent=19, active=True)
    assert "Stripe Tax is ready" in text_of(signed_in.swap(f"{PAGE}/tax", method="GET"))
