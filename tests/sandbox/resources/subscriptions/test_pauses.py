"""Subscriptions: paused on request, and resumed."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    event_types,
    first_item,
    latest_invoice,
    metered_price,
    monthly_price,
    on_clock,
    paying_customer,
    preview,
    running_subscription,
    subscribe,
)

DAY = 24 * 3600
START = 1_893_456_000  # 2030-01-01


def pause(client: stripe.StripeClient, subscription: stripe.Subscription, **given: Any) -> stripe.Subscription:
    params: Any = given
    return client.v1.subscriptions.pause(subscription.id, params=params)


def resume(client: stripe.StripeClient, subscription: stripe.Subscription, **given: Any) -> stripe.Subscription:
    params: Any = given
    return client.v1.subscriptions.resume(subscription.id, params=params)


def status(client: stripe.StripeClient, subscription: stripe.Subscription) -> str:
    return str(client.v1.subscriptions.retrieve(subscription.id).status)


def test_a_pause_gives_the_unused_time_back_on_the_next_invoice(client: stripe.StripeClient) -> None:
    paused = pause(client, running_subscription(client))
    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert [item.amount for item in client.v1.invoice_items.list(params={"pending": True}).data] == [-1000]
    assert event_types(client)[-2:] == ["customer.subscription.updated", "customer.subscription.paused"]
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
        preview(client, subscription=paused.id)


def test_a_pause_can_be_invoiced_at_once_or_cost_nothing(client: stripe.StripeClient) -> None:
    base, metered = monthly_price(client), metered_price(client, 20)
    items = [{"price": base.id}, {"price": metered.id}]
    subscription = subscribe(client, paying_customer(client).id, base.id, items=items)
    payload = {"stripe_customer_id": str(subscription.customer), "value": "7"}
    client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
    details: Any = {"pause": {"invoicing_behavior": "invoice"}}
    shown = [line.amount for line in preview(client, subscription=subscription.id, subscription_details=details).lines]
    paused = pause(client, subscription, invoicing_behavior="invoice")
    assert [line.amount for line in latest_invoice(client, paused).lines.data] == shown == [-1000, 140]
    other = running_subscription(client)
    nothing = {"unused_time_from": {"type": "none"}, "outstanding_usage_through": {"type": "none"}}
    assert pause(client, other, bill_for=nothing).latest_invoice == other.latest_invoice
    assert client.v1.invoice_items.list(params={"pending": True}).data == []


def test_resuming_starts_a_new_period_once_it_is_paid(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    pause(client, subscription, bill_for={"unused_time_from": {"type": "none"}})
    shown = preview(client, subscription=subscription.id, subscription_details={"resume_at": "now"})
    resumed = resume(client, subscription, payment_behavior="resume_on_payment_success")
    invoice = latest_invoice(client, resumed)
    assert (resumed.status, resumed.status_details, invoice.total) == ("active", None, shown.total)
    assert first_item(resumed).current_period_start == resumed.billing_cycle_anchor
    assert event_types(client)[-2:] == ["customer.subscription.updated", "customer.subscription.resumed"]


def test_by_default_the_attempt_is_left_to_the_caller(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    pause(client, subscription)
    waiting = resume(client, subscription, billing_cycle_anchor={"type": "now"})
    assert waiting.status == "active"  # what was given back pays for the new period
    again = running_subscription(client)
    pause(client, again, bill_for={"unused_time_from": {"type": "none"}})
    waiting = resume(client, again)
    assert (waiting.status, latest_invoice(client, waiting).status) == ("paused", "open")
    client.v1.invoices.pay(str(waiting.latest_invoice))
    assert status(client, again) == "active"


@pytest.mark.parametrize(
    ("behavior", "after"), [("resume_on_payment_attempt", "past_due"), ("resume_on_payment_success", "paused")]
)
def test_a_failed_payment_leaves_it_past_due_or_paused(client: stripe.StripeClient, behavior: str, after: str) -> None:
    subscription = change(client, running_subscription(client), default_payment_method="pm_card_chargeCustomerFail")
    pause(client, subscription, bill_for={"unused_time_from": {"type": "none"}})
    waiting = resume(client, subscription, payment_behavior=behavior)
    if behavior == "resume_on_payment_attempt":
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(str(waiting.latest_invoice))
    assert status(client, subscription) == after
    client.v1.invoices.pay(str(waiting.latest_invoice), params={"payment_method": "pm_card_visa"})
    assert status(client, subscription) == "active"


def test_without_its_invoice_it_stays_paused_or_runs(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    pause(client, subscription, bill_for={"unused_time_from": {"type": "none"}})
    first = resume(client, subscription)
    client.v1.invoices.void_invoice(str(first.latest_invoice))
    assert status(client, subscription) == "paused"
    second, third = resume(client, subscription), resume(client, subscription)
    assert client.v1.invoices.retrieve(str(second.latest_invoice)).status == "void"
    client.v1.invoices.mark_uncollectible(str(third.latest_invoice))
    assert status(client, subscription) == "active"


def test_the_period_can_go_on_where_it_was(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    pause(client, subscription)
    resumed = resume(client, subscription, billing_cycle_anchor={"type": "unchanged"})
    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", subscription.billing_cycle_anchor)
    assert first_item(resumed).current_period_end == first_item(subscription).current_period_end
    pending = client.v1.invoice_items.list(params={"pending": True}).data
    assert sum(item.amount for item in pending) == pytest.approx(0, abs=1)


def test_an_invoice_that_nobody_pays_for_is_void_after_a_day(client: stripe.StripeClient) -> None:
    test_clock, customer = on_clock(client, START)
    subscription = subscribe(client, customer.id, monthly_price(client).id)
    pause(client, subscription, bill_for={"unused_time_from": {"type": "none"}})
    waiting = resume(client, subscription)
    client.v1.test_helpers.test_clocks.advance(test_clock, params={"frozen_time": START + 40 * DAY})
    assert latest_invoice(client, waiting).status == "void"
    resumed = resume(
        client,
        subscription,
        billing_cycle_anchor={"type": "unchanged"},
        proration_behavior="always_invoice",
        payment_behavior="resume_on_payment_success",
    )
    item = first_item(resumed)
    assert (item.current_period_start - START, item.current_period_end - START) == (31 * DAY, 59 * DAY)
    assert (resumed.status, latest_invoice(client, resumed).total) == ("active", round(1000 * 19 / 28))


def test_what_cannot_be_paused_or_resumed_is_refused(client: stripe.StripeClient) -> None:
    price, customer = monthly_price(client), paying_customer(client)
    classic = subscribe(client, customer.id, price.id, billing_mode={"type": "classic"})
    trial = subscribe(client, customer.id, price.id, trial_period_days=9)
    sent = subscribe(client, customer.id, price.id, collection_method="send_invoice", days_until_due=3)
    for subscription, words in ((classic, "flexible"), (trial, "only pause active"), (sent, "charge_automatically")):
        with pytest.raises(stripe.InvalidRequestError, match=words):
            pause(client, subscription)
    with pytest.raises(stripe.InvalidRequestError, match="only resume paused"):
        resume(client, sent)
