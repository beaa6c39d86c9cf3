"""Subscriptions billed by use: what was used so far is billed when a price is switched or an item goes."""

from typing import Any

import stripe

from tests.sandbox.build import (
    change,
    first_item,
    latest_invoice,
    metered_price,
    monthly_price,
    paying_customer,
    preview,
    subscribe,
)


def use(client: stripe.StripeClient, subscription: stripe.Subscription, value: int) -> None:
    """Report some messages."""
    payload = {"stripe_customer_id": str(subscription.customer), "value": str(value)}
    client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})


def base_and_use(client: stripe.StripeClient, **more: Any) -> tuple[stripe.Subscription, stripe.Price]:
    """A subscription to 10.00 a month and 0.20 for each of the 30 messages so far; and its metered price."""
    base, metered = monthly_price(client), metered_price(client, 20)
    items = [{"price": base.id}, {"price": metered.id}]
    subscription = subscribe(client, paying_customer(client).id, base.id, items=items, **more)
    use(client, subscription, 30)
    return subscription, metered


def dearer(client: stripe.StripeClient, metered: stripe.Price, **more: Any) -> stripe.Price:
    """0.50 for each message of the same meter."""
    assert metered.recurring is not None
    recurring = {"interval": "month", "usage_type": "metered", "meter": metered.recurring.meter, **more}
    return monthly_price(client, 50, recurring=recurring)


def amounts(invoice: stripe.Invoice) -> list[tuple[int, int | None]]:
    return [(line.amount, line.quantity) for line in invoice.lines.data]


def test_another_price_bills_the_use_so_far_at_the_old_one(client: stripe.StripeClient) -> None:
    subscription, metered = base_and_use(client)
    item = subscription["items"].data[1]
    new = dearer(client, metered)
    change(client, subscription, items=[{"id": item.id, "price": new.id}])
    waiting = client.v1.invoice_items.list(params={"pending": True}).data
    assert [(one.amount, one.quantity, one.proration) for one in waiting] == [(600, 30, False)]
    use(client, subscription, 4)
    assert amounts(preview(client, subscription=subscription.id)) == [(600, 30), (1000, 1), (200, 4)]


def test_an_item_that_goes_is_billed_first(client: stripe.StripeClient) -> None:
    subscription, metered = base_and_use(client)
    items = [{"id": subscription["items"].data[1].id, "deleted": True, "clear_usage": True}]
    items.append({"price": dearer(client, metered).id})
    changed = change(client, subscription, items=items, proration_behavior="always_invoice")
    assert amounts(latest_invoice(client, changed)) == [(600, 30)]
    assert amounts(preview(client, subscription=subscription.id)) == [(1000, 1), (0, 0)]
    assert client.v1.invoice_items.list(params={"pending": True}).data == []


def test_a_new_billing_cycle_bills_the_use_so_far(client: stripe.StripeClient) -> None:
    subscription, metered = base_and_use(client)
    base, item = subscription["items"].data
    items = [
        {"id": base.id, "price": monthly_price(client, 9000, recurring={"interval": "year"}).id},
        {"id": item.id, "price": dearer(client, metered, interval="year").id},
    ]
    changed = change(client, subscription, items=items)
    assert amounts(latest_invoice(client, changed)) == [(-1000, 1), (600, 30), (9000, 1)]
    assert all(one.current_period_start == changed.billing_cycle_anchor for one in changed["items"].data)
    again = change(client, changed, billing_cycle_anchor={"type": "now"})
    assert (600, 30) not in amounts(latest_invoice(client, again))


def test_in_classic_mode_an_item_that_goes_takes_its_use_along(client: stripe.StripeClient) -> None:
    subscription, _ = base_and_use(client, billing_mode={"type": "classic"})
    change(client, subscription, items=[{"id": subscription["items"].data[1].id, "deleted": True}])
    assert client.v1.invoice_items.list(params={"pending": True}).data == []


def test_a_trial_is_free_of_charge_for_use_too(client: stripe.StripeClient) -> None:
    subscription, _ = base_and_use(client, trial_period_days=7)
    changed = change(client, subscription, trial_end="now")
    assert amounts(latest_invoice(client, changed)) == [(1000, 1)]
    assert amounts(preview(client, subscription=subscription.id)) == [(1000, 1), (0, 0)]


def test_only_in_classic_mode_does_use_alone_begin_with_an_empty_invoice(client: stripe.StripeClient) -> None:
    customer, metered = paying_customer(client).id, metered_price(client)
    flexible = subscribe(client, customer, metered.id)
    assert (flexible.status, flexible.latest_invoice) == ("active", None)
    assert client.v1.invoices.list(params={"customer": customer}).data == []
    tried = subscribe(client, customer, metered.id, trial_period_days=5)
    assert (tried.status, tried.latest_invoice) == ("trialing", None)
    classic = subscribe(client, customer, metered.id, billing_mode={"type": "classic"})
    assert amounts(latest_invoice(client, classic)) == [(0, 0)]


def test_an_end_now_bills_the_use_when_asked(client: stripe.StripeClient) -> None:
    subscription, _ = base_and_use(client)
    ended = client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True, "prorate": True})
    assert sorted(amounts(latest_invoice(client, ended))) == [(-1000, 1), (600, 30)]
    other, _ = base_and_use_again(client)
    client.v1.subscriptions.cancel(other.id)
    assert first_item(other).subscription == other.id
    assert client.v1.subscriptions.retrieve(other.id).latest_invoice is None


def base_and_use_again(client: stripe.StripeClient) -> tuple[stripe.Subscription, stripe.Price]:
    """Another customer of the same meter."""
    metered = next(price for price in client.v1.prices.list().data if price.recurring and price.recurring.meter)
    subscription = subscribe(client, paying_customer(client).id, metered.id)
    use(client, subscription, 5)
    return subscription, metered
