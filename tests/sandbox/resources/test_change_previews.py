"""Previews of changes: what is shown is what is billed, to the last minor unit."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

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
)
from tests.support.sandbox import Sandbox

HOUR = 3600
DAY = 24 * HOUR
AMOUNTS = st.one_of(st.integers(0, 200_000).map(str), st.decimals("0", "500", places=5).map(str))
INTERVALS = st.sampled_from([{"interval": "month"}, {"interval": "year"}, {"interval": "week", "interval_count": 2}])
PER_UNIT = AMOUNTS.map(lambda amount: {"unit_amount_decimal": amount})
PACKAGES = st.builds(
    lambda amount, size, rounding: {
        "unit_amount_decimal": amount,
        "transform_quantity": {"divide_by": size, "round": rounding},
    },
    AMOUNTS,
    st.integers(2, 20),
    st.sampled_from(["up", "down"]),
)
TIERS = st.builds(
    lambda mode, top, first, second, flat: {
        "billing_scheme": "tiered",
        "tiers_mode": mode,
        "tiers": [
            {"up_to": top, "unit_amount_decimal": first, "flat_amount_decimal": str(flat)},
            {"up_to": "inf", "unit_amount_decimal": second},
        ],
    },
    st.sampled_from(["volume", "graduated"]),
    st.integers(1, 30),
    AMOUNTS,
    AMOUNTS,
    st.integers(0, 5000),
)
TERMS = st.one_of(PER_UNIT, PACKAGES, TIERS)
ITEMS = st.tuples(TERMS, INTERVALS, st.integers(0, 60))


@pytest.fixture(scope="module")
def shared() -> Iterator[stripe.StripeClient]:
    """One sandbox for many examples."""
    with Sandbox.start() as running:
        yield running.client(running.account().test_key)


def priced(client: stripe.StripeClient, currency: str, terms: Any, recurring: Any) -> str:
    """A price of these terms."""
    product = client.v1.products.create(params={"name": "Plan"}).id
    params: Any = {"currency": currency, "product": product, "recurring": recurring, **terms}
    return client.v1.prices.create(params=params).id


def told(invoice: stripe.Invoice) -> dict[str, object]:
    """What an invoice says of money; periods that start now start a little later at the second asking."""
    lines = [
        (
            line.amount,
            line.quantity,
            str(line.quantity_decimal),
            line.pricing.price_details.price if line.pricing and line.pricing.price_details else None,
            line.description,
            line.parent.subscription_item_details.proration
            if line.parent and line.parent.subscription_item_details
            else None,
        )
        for line in invoice.lines.auto_paging_iter()
    ]
    sums = (invoice.subtotal, invoice.total, invoice.amount_due, invoice.starting_balance, invoice.currency)
    return {"lines": lines, "sums": sums}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(["usd", "jpy", "kwd"]),
    before=ITEMS,
    after=ITEMS,
    extra=st.none() | ITEMS,
    share=st.integers(0, 1000),
    behavior=st.sampled_from(["always_invoice", "create_prorations", "none"]),
    anchor=st.sampled_from(["unchanged", "now"]),
)
@example("usd", ({"unit_amount_decimal": "999"}, {"interval": "month"}, 1), ({"unit_amount_decimal": "0"},
         {"interval": "month"}, 3), None, 500, "always_invoice", "unchanged")  # fmt: skip
def test_a_change_costs_what_its_preview_says(
    shared: stripe.StripeClient,
    currency: str,
    before: Any,
    after: Any,
    extra: Any,
    share: int,
    behavior: str,
    anchor: str,
) -> None:
    price = priced(shared, currency, *before[:2])
    subscription = subscribe(shared, paying_customer(shared).id, price, items=[{"price": price, "quantity": before[2]}])
    item = first_item(subscription)
    length = item.current_period_end - item.current_period_start
    items = [{"id": item.id, "price": priced(shared, currency, *after[:2]), "quantity": after[2]}]
    if extra is not None:
        items.append({"price": priced(shared, currency, *extra[:2]), "quantity": extra[2]})
    details: Any = {
        "items": items,
        "proration_behavior": behavior,
        "billing_cycle_anchor": {"type": anchor},
    }
    if behavior != "none":
        details["proration_date"] = item.current_period_start + length * share // 1000
    shown = told(preview(shared, subscription=subscription.id, subscription_details=details))
    changed = change(shared, subscription, **details)
    if changed.latest_invoice == subscription.latest_invoice:
        assert shown == told(preview(shared, subscription=subscription.id))
    else:
        assert shown == told(latest_invoice(shared, changed))


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
