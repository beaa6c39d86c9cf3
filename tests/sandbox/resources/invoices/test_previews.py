"""Invoices that would come."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    event_types,
    first_item,
    metered_price,
    monthly_price,
    paying_customer,
    preview,
    running_subscription,
)
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

GRADUATED: dict[str, Any] = {
    "unit_amount": None,
    "billing_scheme": "tiered",
    "tiers_mode": "graduated",
    "tiers": [{"up_to": 5, "unit_amount": 500, "flat_amount": 1000}, {"up_to": "inf", "unit_amount": 400}],
}


def prices_of(invoice: stripe.Invoice) -> list[tuple[str, int]]:
    """The prices and amounts of an invoice's lines."""
    details = [(line.pricing.price_details, line.amount) for line in invoice.lines.data if line.pricing]
    return [(str(one.price), amount) for one, amount in details if one]


def test_a_new_subscription_is_shown_with_a_line_for_each_charge(client: stripe.StripeClient) -> None:
    flat, tiered, used = monthly_price(client), monthly_price(client, **GRADUATED), metered_price(client)
    items: Any = [{"price": flat.id, "quantity": 2}, {"price": tiered.id, "quantity": 7}, {"price": used.id}]
    invoice = preview(client, customer=paying_customer(client).id, subscription_details={"items": items})
    assert prices_of(invoice) == [(flat.id, 2000), (tiered.id, 2500), (tiered.id, 1000), (tiered.id, 800)]
    assert (invoice.subtotal, invoice.total, invoice.amount_due, invoice.currency) == (6300, 6300, 6300, "usd")
    assert (invoice.status, invoice.billing_reason, invoice.livemode) == ("draft", "upcoming", False)
    assert invoice.id.startswith("upcoming_in_")
    assert all(line.id.startswith("il_tmp_") for line in invoice.lines.data)


def test_a_preview_is_what_the_first_invoice_then_says(client: stripe.StripeClient) -> None:
    customer, price = paying_customer(client), monthly_price(client, **GRADUATED)
    items: Any = [{"price": price.id, "quantity": 9}]
    shown = preview(client, customer=customer.id, subscription_details={"items": items})
    made = client.v1.subscriptions.create(params={"customer": customer.id, "items": items})
    invoice = client.v1.invoices.retrieve(str(made.latest_invoice))

    def said(one: stripe.Invoice) -> list[tuple[object, ...]]:
        return [(line.amount, line.quantity, line.description) for line in one.lines.data]

    assert said(shown) == said(invoice)
    assert shown.total == invoice.total


@pytest.mark.parametrize("behavior", ["create_prorations", "always_invoice"])
def test_nothing_is_kept_and_nothing_said(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, behavior: str
) -> None:
    subscription, other = running_subscription(client), monthly_price(client, 9000, recurring={"interval": "year"})
    kinds = ("subscription", "subscription_item", "invoice", "line_item", "invoiceitem", "customer")
    before = {kind: sandbox.objects(account.id, "test", kind) for kind in kinds}
    events = event_types(client)
    changed: Any = [{"id": first_item(subscription).id, "price": other.id}, {"price": monthly_price(client).id}]
    events += ["product.created", "price.created"]
    preview(client, customer=subscription.customer, subscription_details={"items": changed[1:]})
    preview(
        client,
        subscription=subscription.id,
        subscription_details={"items": changed, "proration_behavior": behavior},
    )
    assert {kind: sandbox.objects(account.id, "test", kind) for kind in kinds} == before
    assert sorted(event_types(client)) == sorted(events)


def test_the_currency_is_the_one_asked_for_or_the_customers(client: stripe.StripeClient) -> None:
    price = monthly_price(client, currency_options={"eur": {"unit_amount": 900}})
    customer = paying_customer(client)
    details: Any = {"items": [{"price": price.id}]}
    assert preview(client, customer=customer.id, subscription_details=details).total == 1000
    assert preview(client, customer=customer.id, currency="EUR", subscription_details=details).total == 900
    params: Any = {"customer": customer.id, "currency": "eur", "items": [{"price": price.id}]}
    running = client.v1.subscriptions.create(params=params)
    assert preview(client, customer=customer.id, subscription_details=details).currency == "eur"
    for asked in ({"customer": customer.id, "subscription_details": details}, {"subscription": running.id}):
        with pytest.raises(stripe.InvalidRequestError, match=r"currency|currencies"):
            preview(client, currency="usd", **asked)


def test_a_running_subscription_shows_its_next_period(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, quantity=3)
    end = first_item(subscription).current_period_end
    invoice = preview(client, subscription=subscription.id)
    assert (invoice.total, invoice.created, invoice.period_end) == (3000, end, end)
    assert invoice.period_start == first_item(subscription).current_period_start
    assert invoice.lines.data[0].period.start == end
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == subscription.id


def test_usage_so_far_is_part_of_the_next_invoice_but_not_recurring(client: stripe.StripeClient) -> None:
    customer, price = paying_customer(client), metered_price(client)
    params: Any = {"customer": customer.id, "items": [{"price": price.id}, {"price": monthly_price(client).id}]}
    subscription = client.v1.subscriptions.create(params=params)
    payload = {"stripe_customer_id": customer.id, "value": "30"}
    client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
    assert [amount for _, amount in prices_of(preview(client, subscription=subscription.id))] == [600, 1000]
    recurring = preview(client, subscription=subscription.id, preview_mode="recurring")
    assert [amount for _, amount in prices_of(recurring)] == [0, 1000]


def test_a_change_is_prorated_as_the_update_then_prorates_it(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1001)
    item = first_item(subscription)
    middle = (item.current_period_start + item.current_period_end) // 2
    details: Any = {"items": [{"id": item.id, "quantity": 2}], "proration_date": middle}
    later = preview(client, subscription=subscription.id, subscription_details=details)
    assert [line.amount for line in later.lines.data] == [-501, 1001, 2002]
    now: Any = {**details, "proration_behavior": "always_invoice"}
    shown = preview(client, subscription=subscription.id, subscription_details=now)
    client.v1.subscriptions.update(subscription.id, params=now)
    fresh = client.v1.subscriptions.retrieve(subscription.id, params={"expand": ["latest_invoice"]})
    assert isinstance(fresh.latest_invoice, stripe.Invoice)
    assert shown.total == fresh.latest_invoice.total == 500
    assert shown.parent is not None
    assert shown.parent.subscription_details is not None
    assert shown.parent.subscription_details.subscription_proration_date == middle


def test_modes_without_prorations_show_the_changed_items_only(client: stripe.StripeClient) -> None:
    subscription, second = running_subscription(client), monthly_price(client, 300)
    items: Any = [{"id": first_item(subscription).id, "deleted": True}, {"price": second.id}]
    unprorated: Any = {"items": items, "proration_behavior": "none"}
    assert prices_of(preview(client, subscription=subscription.id, subscription_details=unprorated)) == [
        (second.id, 300)
    ]
    recurring = preview(
        client, subscription=subscription.id, subscription_details={"items": items}, preview_mode="recurring"
    )
    assert prices_of(recurring) == [(second.id, 300)]


def test_a_trial_is_followed_by_a_whole_period(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    params: Any = {"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 5}
    subscription = client.v1.subscriptions.create(params=params)
    invoice = preview(client, subscription=subscription.id)
    assert (invoice.total, invoice.lines.data[0].period.start) == (1000, subscription.trial_end)


def test_a_subscription_that_ends_has_no_next_invoice(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)

    def refused() -> tuple[int | None, str | None]:
        with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices for customer") as found:
            preview(client, subscription=subscription.id)
        return found.value.http_status, found.value.code

    client.v1.subscriptions.update(subscription.id, params={"cancel_at_period_end": True})
    assert refused() == (404, "invoice_upcoming_none")
    client.v1.subscriptions.cancel(subscription.id)
    assert refused() == (404, "invoice_upcoming_none")


def test_the_customer_is_expanded_on_demand(client: stripe.StripeClient) -> None:
    price = monthly_price(client)
    invoice = preview(
        client,
        customer=paying_customer(client).id,
        subscription_details={"items": [{"price": price.id}]},
        expand=["customer"],
    )
    assert isinstance(invoice.customer, stripe.Customer)
