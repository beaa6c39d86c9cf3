"""No event tells of an invoice that is still a draft: it is read where it decides what is paid for."""

from typing import Any

import pytest

from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.client_subscriptions import link_of, subscriptions_of
from billingportal.domain.subscriptions.next_payment import next_payment
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import clients as client_jobs
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.jobs import sync as sync_jobs
from billingportal.models import Client, Plan
from billingportal.plain_json import JsonObject
from billingportal.portal import current_portal
from tests.sandbox import clocks
from tests.sandbox.clocks import DAY, START, months_after
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import resource_id
from tests.support.people.business import Business
from tests.support.people.clients import link_customer, new_client, plan_of
from tests.support.stripe.streams import events_of


def hear(business: Business, *, after: str = "") -> str:
    """The events that Stripe delivers, and all that the worker makes of them; the id of the last one."""
    told: list[JsonObject] = events_of(business.world.sandbox, business.world.stripe_account, after=after)
    for message in reversed([one for one in told if one["type"] in DELIVERED_EVENTS]):
        assert business.world.deliver(message) == 200
    for job in (sync_jobs.reconcile_events, entitlement_jobs.evaluate_clients, client_jobs.fetch_missing):
        job(current_portal())
    entitlement_jobs.evaluate_clients(current_portal())
    return str(told[0]["id"])


def subscribed(business: Business, test_clock: str, **terms: Any) -> tuple[int, str]:
    """A client and its subscription to the paid plan, of which no event was heard yet."""
    params: Any = {"test_clock": test_clock, "payment_method": "pm_card_visa"}
    params["invoice_settings"] = {"default_payment_method": "pm_card_visa"}
    customer = business.sdk.v1.customers.create(params).id
    client_id = new_client("Harbor Dental")
    link_customer(client_id, business.world.row().id, customer)
    price = business.world.session.get_one(Plan, business.paid).prices[0].stripe_price_id
    wanted: Any = {"customer": customer, "items": [{"price": price}], **terms}
    return client_id, business.sdk.v1.subscriptions.create(wanted).id


def test_a_client_first_heard_of_in_the_hour_after_its_trial_has_its_plan(business: Business) -> None:
    test_clock = clocks.new_clock(business.sdk)
    client_id, _ = subscribed(business, test_clock, trial_period_days=7)
    clocks.advance(business.sdk, test_clock, START + 7 * DAY + 60)
    hear(business)
    assert (business.held(client_id).plan_id, business.held(client_id).standing) == (business.paid, "active")
    assert business.held(client_id).unread_stripe_invoice_id is None


@pytest.mark.parametrize("how", ["none", "create_prorations"])
def test_a_plan_that_is_set_in_stripe_in_the_hour_of_a_draft_is_the_plan(business: Business, how: str) -> None:
    dear = Catalog(business.sdk).price(unit_amount=9900)
    quotas = {resource_id(business.world.session, "contacts"): Limit(None)}
    plan_id = plan_of(business.staff_id, business.app, [Link(dear, "flat")], "Dear", quotas=quotas)
    test_clock = clocks.new_clock(business.sdk)
    client_id, subscription = subscribed(business, test_clock)
    last = hear(business)
    assert business.held(client_id).plan_id == business.paid

    clocks.advance(business.sdk, test_clock, months_after(START, 1) + 60)
    item = business.sdk.v1.subscriptions.retrieve(subscription)["items"].data[0].id
    change: Any = {"items": [{"id": item, "price": dear}], "proration_behavior": how}
    business.sdk.v1.subscriptions.update(subscription, change)
    hear(business, after=last)
    assert (business.held(client_id).plan_id, business.held(client_id).standing) == (plan_id, "active")


def test_what_a_cheaper_plan_set_in_that_hour_gives_back_is_not_forgotten(business: Business) -> None:
    """The next invoice has a credit, so its amount is not that of the price."""
    cheap = Catalog(business.sdk).price(unit_amount=900)
    plan_id = plan_of(business.staff_id, business.app, [Link(cheap, "flat")], "Cheap")
    with transaction() as session:
        session.get_one(Plan, plan_id).position = 0
    test_clock = clocks.new_clock(business.sdk)
    client_id, subscription = subscribed(business, test_clock)
    last = hear(business)
    clocks.advance(business.sdk, test_clock, months_after(START, 1) + 60)
    item = business.sdk.v1.subscriptions.retrieve(subscription)["items"].data[0].id
    business.sdk.v1.subscriptions.update(subscription, {"items": [{"id": item, "price": cheap}]})
    hear(business, after=last)

    session = business.world.session
    client = session.get_one(Client, client_id)
    (row,) = subscriptions_of(session, link_of(session, client))
    coming = next_payment(session, row, moment_of(session, client))
    assert coming is not None
    assert coming.due is None
    assert business.sdk.v1.invoices.create_preview({"subscription": subscription}).amount_due < 900
