"""Previews of changes: what is shown is what is billed, to the last minor unit."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    first_item,
    latest_invoice,
    metered_price,
    monthly_price,
    on_clock,
    paying_customer,
    preview,
    running_subscription,
    subscribe,
    told,
)

HOUR = 3600
DAY = 24 * HOUR


def test_what_is_due_now_is_shown_when_the_change_is_invoiced_at_once(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    item = first_item(subscription)
    middle = (item.current_period_start + item.current_period_end) // 2
    items: Any = [{"id": item.id, "quantity": 3}]
    details: Any = {"items": items, "proration_behavior": "always_invoice", "proration_date": middle}
    shown = preview(client, subscription=subscription.id, subscription_details=details)
    assert [(line.amount, line.period.start) for line in shown.lines.data] == [(-500, middle), (1500, middle)]
    assert shown.amount_due == 1000
    recurring = preview(
        client, subscription=subscription.id, subscription_details={"items": items}, preview_mode="recurring"
    )
    assert [line.amount for line in recurring.lines.data] == [3000]


def test_an_end_at_the_end_leaves_the_prorations(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    items: Any = [{"id": first_item(subscription).id, "quantity": 3}]
    for end in ({"cancel_at_period_end": True}, {"cancel_at": "min_period_end"}):
        details: Any = {**end, "items": items}
        shown = preview(client, subscription=subscription.id, subscription_details=details)
        assert [line.amount for line in shown.lines.data] == [-1000, 3000]
        with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices") as refused:
            preview(client, subscription=subscription.id, subscription_details=end)
        assert (refused.value.http_status, refused.value.code) == (404, "invoice_upcoming_none")
    ending = change(client, subscription, cancel_at_period_end=True)
    undone: Any = {"cancel_at_period_end": False}
    assert preview(client, subscription=ending.id, subscription_details=undone).total == 1000


def test_an_end_now_shows_the_last_invoice(client: stripe.StripeClient) -> None:
    metered, base = metered_price(client, 20), monthly_price(client)
    items = [{"price": base.id}, {"price": metered.id}]
    subscription = subscribe(client, paying_customer(client).id, base.id, items=items)
    payload = {"stripe_customer_id": str(subscription.customer), "value": "7"}
    client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
    shown = preview(client, subscription=subscription.id, subscription_details={"cancel_now": True})
    assert [line.amount for line in shown.lines.data] == [-1000, 140]
    kept = preview(
        client,
        subscription=subscription.id,
        subscription_details={"cancel_now": True, "proration_behavior": "none"},
    )
    assert [line.amount for line in kept.lines.data] == [140]
    ended = client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True, "prorate": True})
    assert told(latest_invoice(client, ended)) == told(shown)


def test_the_end_of_a_trial_is_shown_with_its_invoice(client: stripe.StripeClient) -> None:
    price, customer = monthly_price(client), paying_customer(client)
    subscription = subscribe(client, customer.id, price.id, trial_period_days=9)
    details: Any = {"trial_end": "now", "items": [{"id": first_item(subscription).id, "quantity": 2}]}
    shown = preview(client, subscription=subscription.id, subscription_details=details)
    changed = change(client, subscription, **details)
    assert shown.total == 2000
    assert told(latest_invoice(client, changed)) == told(shown)


def test_a_subscription_yet_to_be_can_be_tried_first(client: stripe.StripeClient) -> None:
    price, customer = monthly_price(client), paying_customer(client)
    day = client.v1.customers.retrieve(customer.id).created + 9 * DAY
    details: Any = {"items": [{"price": price.id}], "trial_end": day}
    assert preview(client, customer=customer.id, subscription_details=details).total == 0
    assert preview(client, customer=customer.id, subscription_details=details, preview_mode="recurring").total == 1000
    with pytest.raises(stripe.InvalidRequestError, match="only with a `subscription`"):
        preview(client, customer=customer.id, subscription_details={**details, "cancel_now": True})


def test_what_has_ended_has_nothing_to_come_whatever_is_changed(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    client.v1.subscriptions.cancel(subscription.id)
    items: Any = [{"id": first_item(subscription).id, "quantity": 3}]
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices") as refused:
        preview(client, subscription=subscription.id, subscription_details={"items": items})
    assert (refused.value.http_status, refused.value.code) == (404, "invoice_upcoming_none")


def test_the_next_invoice_is_that_of_the_next_phase(client: stripe.StripeClient) -> None:
    start = 1_893_456_000
    test_clock, customer = on_clock(client, start)
    dear, cheap, metered = monthly_price(client, 3000), monthly_price(client, 1000), metered_price(client, 20)
    items: Any = [{"price": dear.id}, {"price": metered.id}]
    subscription = subscribe(client, customer.id, dear.id, items=items)
    schedule = client.v1.subscription_schedules.create(params={"from_subscription": subscription.id})
    current = schedule.phases[0]
    phases: Any = [
        {"items": items, "start_date": current.start_date, "end_date": current.end_date},
        {"items": [{"price": cheap.id, "quantity": 2}, {"price": metered.id}], "duration": {"interval": "month"}},
    ]
    client.v1.subscription_schedules.update(schedule.id, params={"phases": phases, "end_behavior": "release"})
    payload = {"stripe_customer_id": customer.id, "value": "5"}
    used: Any = {"event_name": "messages", "payload": payload, "timestamp": start}
    client.v1.billing.meter_events.create(params=used)
    shown = preview(client, subscription=subscription.id)
    assert sorted(line.amount for line in shown.lines.data) == [100, 2000]
    assert shown.period_end == current.end_date
    client.v1.test_helpers.test_clocks.advance(test_clock, params={"frozen_time": current.end_date + 2 * HOUR})
    assert told(latest_invoice(client, subscription)) == told(shown)
