"""The calculator beside a plan, and its proof by Stripe's preview."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.config import Settings
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.catalog.plans import resource_id
from tests.support.pages import PARTIAL, Visitor, text_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

QUOTE, PROOFS = "/saas/plans/quote", "/saas/plans/proofs"
TIERS: list[dict[str, Any]] = [
    {"up_to": 1000, "unit_amount_decimal": "1.5"},
    {"up_to": "inf", "unit_amount_decimal": "0.8", "flat_amount": 500},
]


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def asked(
    app: Flask, signed_in: Visitor, session: Session, shop: Catalog, stripe_account: SandboxAccount
) -> dict[str, Any]:
    """US$29.00 a month, contacts in two graduated tiers, and channels by use."""
    contacts, channels = resource_id(session, "contacts"), resource_id(session, "channels")
    prices = [shop.price(), shop.tiered("graduated", TIERS), shop.metered(shop.meter())]
    connect(app, signed_in, stripe_account.test_key)
    return {
        "text": prices,
        "use": ["flat", f"quantity:{contacts}", f"usage:{channels}"],
        f"n_{contacts}": "1,500",
        f"n_{channels}": "2",
    }


def test_the_estimate_is_told_line_by_line(signed_in: Visitor, asked: dict[str, Any]) -> None:
    answer = signed_in.get(QUOTE, query_string=asked, headers=PARTIAL)
    words = text_of(answer)

    assert "The plan itself US$29.00" in words
    assert "1 to 1,000 contacts: 1,000 at US$0.015 US$15.00" in words
    assert "1,001 to 1,500 contacts: 500 at US$0.008 US$4.00" in words
    assert "Flat fee of the tier from 1,001 contacts US$5.00" in words
    assert "2 channels at US$29.00 US$58.00" in words
    assert "Estimate a month US$111.00" in words
    assert "<polyline" in answer.text
    assert " style=" not in answer.text


def test_without_javascript_it_is_a_page_of_its_own(signed_in: Visitor, asked: dict[str, Any]) -> None:
    answer = signed_in.get(QUOTE, query_string=asked)

    assert "<html" in answer.text
    assert "Estimate a month US$111.00" in text_of(answer)


def test_what_is_no_price_yet_is_left_out(signed_in: Visitor, asked: dict[str, Any]) -> None:
    asked["text"] = ["price_hal", "", asked["text"][0]]
    asked["use"] = ["flat", "flat", "nonsense:x"]

    assert "Estimate a month US$29.00" in text_of(signed_in.get(QUOTE, query_string=asked, headers=PARTIAL))


def test_nothing_typed_says_what_to_do(signed_in: Visitor, asked: dict[str, Any]) -> None:
    assert "Link a price, and the amounts appear here." in text_of(signed_in.get(QUOTE, headers=PARTIAL))


@pytest.mark.parametrize("way", ["swap", "submit"])
def test_stripe_proves_the_estimate(
    signed_in: Visitor, sandbox: Sandbox, stripe_account: SandboxAccount, asked: dict[str, Any], way: str
) -> None:
    for _ in range(2):
        answer = getattr(signed_in, way)(PROOFS, asked)

        assert answer.status_code == 200
        assert "Equal: Stripe would invoice US$53.00" in text_of(answer)
        assert "Prices for use are charged at the end of a period" in text_of(answer)
    customers = sandbox.objects(stripe_account.id, "test", "customer")
    assert [one["name"] for one in customers] == ["Price check of the billing portal"]
    assert sandbox.objects(stripe_account.id, "test", "invoice") == []
    assert sandbox.objects(stripe_account.id, "test", "subscription") == []


def test_a_deleted_customer_is_replaced(
    app: Flask,
    signed_in: Visitor,
    sandbox: Sandbox,
    shop: Catalog,
    stripe_account: SandboxAccount,
    asked: dict[str, Any],
) -> None:
    signed_in.swap(PROOFS, asked)
    (kept,) = sandbox.objects(stripe_account.id, "test", "customer")
    shop.client.v1.customers.delete(kept["id"])

    first = text_of(signed_in.swap(PROOFS, asked))
    second = text_of(signed_in.swap(PROOFS, asked))

    assert "Equal" in first
    assert "Equal" in second


def test_trouble_at_stripe_is_told(signed_in: Visitor, sandbox: Sandbox, asked: dict[str, Any]) -> None:
    sandbox.control("faults", kind="500", path_prefix="/v1/invoices", count=5)

    assert "Stripe gave no preview" in text_of(signed_in.swap(PROOFS, asked))


def test_live_mode_offers_no_proof(
    app: Flask, signed_in: Visitor, sandbox: Sandbox, stripe_account: SandboxAccount, asked: dict[str, Any]
) -> None:
    live = catalog(sandbox, stripe_account, "live").price()
    connect(app, signed_in, stripe_account.live_key)
    asked = {"text": [live], "use": ["flat"]}

    assert "“Prove it” works in test mode" in text_of(signed_in.get(QUOTE, query_string=asked, headers=PARTIAL))
    assert "Prices are proved in test mode only" in text_of(signed_in.swap(PROOFS, asked))
    assert sandbox.objects(stripe_account.id, "live", "customer") == []


def test_a_viewer_does_not_ask_stripe(viewer: Visitor) -> None:
    assert viewer.submit(PROOFS, {}).status_code == 403
