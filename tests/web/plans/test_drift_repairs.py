"""Drift: what a plan says when its price changed at Stripe, and what each repair does."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.plans.drift import Drift, drift, linked_as
from billingportal.models import AuditEntry, Plan, PlanPrice, Price
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog, catalog, connect
from tests.support.catalog.plans import resource_id
from tests.support.pages import Visitor
from tests.support.stripe.portals import with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return catalog(sandbox, stripe_account)


@dataclass(frozen=True)
class Linked:
    """A plan with one price, of which the portal knows everything."""

    app: Flask
    visitor: Visitor
    session: Session
    shop: Catalog
    price: str
    meter: str
    row_id: int

    @property
    def product(self) -> str:
        return str(self.shop.client.v1.prices.retrieve(self.price).product)

    def drifts(self) -> list[Drift]:
        """What the plan says, once the worker has seen what happened at Stripe."""
        self.visitor.submit("/saas/payment-processor/catch-ups")
        work(self.app)
        self.session.rollback()
        return [one for row in self.session.scalars(select(Plan)).one().prices for one in drift(self.session, row)]

    def press(self, kind: str) -> int:
        return self.visitor.submit(f"/saas/plan-prices/{self.row_id}/repairs", {"kind": kind, "next": "/"}).status_code

    def linked_price(self) -> str | None:
        self.session.rollback()
        return next((row.stripe_price_id for row in self.session.scalars(select(Plan)).one().prices), None)


@pytest.fixture
def linked(app: Flask, signed_in: Visitor, session: Session, shop: Catalog, stripe_account: SandboxAccount) -> Linked:
    meter = shop.meter()
    price = shop.metered(meter, lookup_key="growth", currency_options={"eur": {"unit_amount": 2700}})
    account_id = connect(app, signed_in, stripe_account.test_key)
    moment = now()
    with transaction() as writing:
        held = writing.scalars(select(Price).where(Price.stripe_price_id == price)).one()
        plan = Plan(key="growth", name="Growth", position=0, created_at=moment, updated_at=moment)
        row = PlanPrice(
            processor_account_id=account_id,
            stripe_price_id=price,
            role="usage",
            resource_id=resource_id(writing, "contacts"),
            linked_as=linked_as(writing, held),
            linked_at=moment,
        )
        plan.links.append(row)
        writing.add(plan)
        writing.flush()
        row_id = row.id
    return Linked(app, signed_in, session, shop, price, meter, row_id)


def test_a_price_that_is_as_it_was_has_not_drifted(linked: Linked) -> None:
    assert linked.drifts() == []


Happening = Callable[[Linked], Any]
STOPPED: list[tuple[str, Happening, str, str]] = [
    (
        "price archived",
        lambda it: it.shop.client.v1.prices.update(it.price, params={"active": False}),
        "The price was archived in Stripe.",
        "unarchive_price",
    ),
    (
        "product archived",
        lambda it: it.shop.client.v1.products.update(it.product, params={"active": False}),
        "The product Growth was archived in Stripe",
        "unarchive_product",
    ),
    (
        "meter deactivated",
        lambda it: it.shop.client.v1.billing.meters.deactivate(it.meter),
        "The meter Messages sent was deactivated in Stripe",
        "reactivate_meter",
    ),
]
RENAMED: list[tuple[str, Happening, str]] = [
    (
        "product renamed",
        lambda it: it.shop.client.v1.products.update(it.product, params={"name": "Scale"}),
        "The product Growth is called Scale now",
    ),
    (
        "meter renamed",
        lambda it: it.shop.client.v1.billing.meters.update(it.meter, params={"display_name": "Texts"}),
        "The meter Messages sent is called Texts now.",
    ),
    (
        "lookup key taken",
        lambda it: it.shop.client.v1.prices.update(it.price, params={"lookup_key": ""}),
        "The lookup key growth was taken from this price.",
    ),
]


@pytest.mark.parametrize(("happening", "words", "kind"), [row[1:] for row in STOPPED], ids=[row[0] for row in STOPPED])
def test_what_stops_the_sale_is_said_and_mended_at_stripe(
    linked: Linked, happening: Happening, words: str, kind: str
) -> None:
    happening(linked)
    (found,) = linked.drifts()

    assert words in found.words
    assert found.stops_sale
    assert found.repair.kind == kind
    assert linked.press(kind) == 303
    assert linked.drifts() == []


@pytest.mark.parametrize(("happening", "words"), [row[1:] for row in RENAMED], ids=[row[0] for row in RENAMED])
def test_what_only_changed_is_said_until_it_is_accepted(linked: Linked, happening: Happening, words: str) -> None:
    happening(linked)
    (found,) = linked.drifts()

    assert words in found.words
    assert not found.stops_sale
    assert linked.press("accept") == 303
    assert linked.drifts() == []


def test_an_amount_in_another_currency_that_was_changed_is_said_until_it_is_accepted(linked: Linked) -> None:
    with linked.app.app_context(), transaction() as writing:
        price = writing.scalars(select(Price).where(Price.stripe_price_id == linked.price)).one()
        price.currency_options = {**price.currency_options, "eur": {"unit_amount_decimal": "3100", "tiers": None}}
    (found,) = linked.drifts()

    assert found.words == "What the price costs in EUR was changed in Stripe."
    assert not found.stops_sale
    assert linked.press("accept") == 303
    assert linked.drifts() == []


def move_key(linked: Linked, **given: Any) -> str:
    """Give the linked price's lookup key to another one; its id."""
    return linked.shop.metered(
        linked.meter, unit_amount=4900, lookup_key="growth", transfer_lookup_key=True, product=linked.product, **given
    )


def test_a_lookup_key_that_moved_offers_the_price_that_has_it_now_and_sells_the_linked_one_until_then(
    linked: Linked,
) -> None:
    other = move_key(linked)
    (found,) = linked.drifts()

    assert f"The lookup key growth moved to {other} (US$49.00 a month for each unit, by use)." in found.words
    assert found.repair.stripe_price_id == other
    assert linked.linked_price() == linked.price
    assert linked.press("link_other") == 303
    assert linked.linked_price() == other
    assert linked.drifts() == []


def test_a_price_that_is_gone_can_only_be_unlinked(linked: Linked) -> None:
    with linked.app.app_context(), transaction() as writing:
        price = writing.scalars(select(Price).where(Price.stripe_price_id == linked.price)).one()
        price.deleted_at = now()
    (found,) = linked.drifts()

    assert found.stops_sale
    assert found.repair.kind == "unlink"
    assert linked.press("unlink") == 303
    assert linked.linked_price() is None


def test_a_repair_that_is_not_offered_any_more_changes_nothing(linked: Linked) -> None:
    assert linked.press("accept") == 409
    assert linked.press("unlink") == 409
    assert linked.press("explode") == 404
    assert linked.linked_price() == linked.price


def test_what_stripe_refuses_is_told(linked: Linked, sandbox: Sandbox) -> None:
    linked.shop.client.v1.prices.update(linked.price, params={"active": False})
    linked.drifts()
    sandbox.control("faults", kind="500", method="POST", path_prefix="/v1/prices")

    assert linked.press("unarchive_price") == 409
    sandbox.control("faults", verb="DELETE")
    assert len(linked.drifts()) == 1


@pytest.mark.both_databases
def test_two_tabs_that_repair_at_once_do_it_once(linked: Linked, owner: Staff) -> None:
    other = move_key(linked)
    linked.drifts()
    together, codes = Barrier(2), []

    def press() -> None:
        visitor = linked.app.test_client()
        assert isinstance(visitor, Visitor)
        visitor.become(owner)
        together.wait()
        codes.append(visitor.submit(f"/saas/plan-prices/{linked.row_id}/repairs", {"kind": "link_other"}).status_code)

    tabs = [Thread(target=press) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert sorted(codes) == [303, 409]
    assert linked.linked_price() == other
    entries = linked.session.scalars(select(AuditEntry).where(AuditEntry.action == "plan_price.link_other")).all()
    assert len(entries) == 1


def test_a_repair_is_written_down_and_makes_open_editors_stale(linked: Linked) -> None:
    linked.shop.client.v1.products.update(linked.product, params={"name": "Scale"})
    linked.drifts()
    linked.press("accept")

    linked.session.rollback()
    plan = linked.session.scalars(select(Plan)).one()
    assert plan.revision == 2
    entry = linked.session.scalars(select(AuditEntry).where(AuditEntry.action == "plan_price.accept")).one()
    assert entry.subject_id == str(plan.id)


def test_a_viewer_may_not_repair(viewer: Visitor) -> None:
    assert viewer.submit("/saas/plan-prices/1/repairs", {"kind": "accept"}).status_code == 403
