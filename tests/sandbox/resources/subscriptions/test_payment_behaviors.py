"""Subscriptions: changes that are paid at once, wait for their payment, or are refused without it."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    event_types,
    first_item,
    latest_invoice,
    monthly_price,
    on_clock,
    paying_customer,
    running_subscription,
    subscribe,
)

HOUR = 3600
FAILS, ASKS = "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"


def with_failing_card(client: stripe.StripeClient, card: str = FAILS, amount: int = 1000) -> stripe.Subscription:
    """A subscription that was paid once and will not be paid again."""
    subscription = running_subscription(client, amount)
    return change(client, subscription, default_payment_method=card)


def upgrade(client: stripe.StripeClient, subscription: stripe.Subscription, **more: Any) -> stripe.Subscription:
    """Three in place of one, invoiced at once."""
    items = [{"id": first_item(subscription).id, "quantity": 3}]
    return change(client, subscription, items=items, proration_behavior="always_invoice", **more)


def last_event(client: stripe.StripeClient, name: str) -> Any:
    return client.v1.events.list(params={"type": name, "limit": 1}).data[0].to_dict()


@pytest.mark.parametrize("more", [{}, {"payment_behavior": "allow_incomplete"}])
def test_a_change_stays_and_is_past_due_when_it_is_not_paid(client: stripe.StripeClient, more: Any) -> None:
    changed = upgrade(client, with_failing_card(client), **more)
    assert (changed.status, first_item(changed).quantity, changed.pending_update) == ("past_due", 3, None)
    assert latest_invoice(client, changed).status == "open"


def test_a_change_can_wait_for_the_customer(client: stripe.StripeClient) -> None:
    changed = upgrade(client, running_subscription(client), payment_behavior="default_incomplete")
    invoice = latest_invoice(client, changed)
    assert (changed.status, invoice.status, invoice.attempted) == ("past_due", "open", False)
    client.v1.invoices.pay(invoice.id)
    assert client.v1.subscriptions.retrieve(changed.id).status == "active"


@pytest.mark.parametrize(
    ("card", "code"), [(FAILS, "card_declined"), (ASKS, "subscription_payment_intent_requires_action")]
)
def test_a_refused_change_leaves_nothing_behind(client: stripe.StripeClient, card: str, code: str) -> None:
    subscription = with_failing_card(client, card)
    known = event_types(client)
    with pytest.raises(stripe.CardError) as refused:
        upgrade(client, subscription, payment_behavior="error_if_incomplete", metadata={"plan": "big"})
    assert (refused.value.http_status, refused.value.code) == (402, code)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, first_item(after).quantity, after.metadata.to_dict()) == ("active", 1, {})
    assert after.latest_invoice == subscription.latest_invoice
    assert client.v1.invoice_items.list().data == []
    assert event_types(client) == known


def test_what_is_paid_or_free_is_refused_by_no_behavior(client: stripe.StripeClient) -> None:
    subscription = with_failing_card(client)
    items = [{"id": first_item(subscription).id, "quantity": 3}]
    kept = change(client, subscription, items=items, payment_behavior="error_if_incomplete")  # waits for the renewal
    assert first_item(kept).quantity == 3
    fewer = upgrade(client, running_subscription(client), payment_behavior="pending_if_incomplete")
    assert (first_item(fewer).quantity, fewer.pending_update) == (3, None)
    assert "customer.subscription.pending_update_applied" not in event_types(client)


def test_a_change_waits_for_its_payment(client: stripe.StripeClient) -> None:
    subscription = with_failing_card(client)
    waiting = upgrade(
        client,
        subscription,
        payment_behavior="pending_if_incomplete",
        metadata={"plan": "big"},
        cancel_at_period_end=False,
    )
    update = waiting.pending_update
    assert update is not None
    assert update.subscription_items is not None
    invoice = latest_invoice(client, waiting)
    assert (waiting.status, first_item(waiting).quantity, waiting.metadata.to_dict()) == ("active", 1, {})
    assert [(item.id, item.quantity) for item in update.subscription_items] == [(first_item(subscription).id, 3)]
    assert update.expires_at - invoice.created == 23 * HOUR
    assert (invoice.status, invoice.total, invoice.next_payment_attempt) == ("open", 2000, None)
    previous = last_event(client, "customer.subscription.updated")["data"]["previous_attributes"]
    assert previous == {"pending_update": None, "latest_invoice": subscription.latest_invoice}

    client.v1.invoices.pay(invoice.id, params={"payment_method": "pm_card_visa"})
    applied = client.v1.subscriptions.retrieve(subscription.id)
    assert (applied.pending_update, first_item(applied).quantity) == (None, 3)
    assert applied.metadata.to_dict() == {"plan": "big"}
    event = last_event(client, "customer.subscription.pending_update_applied")
    assert event["data"]["object"]["pending_update"] is None
    assert "previous_attributes" not in event["data"]


def test_a_switch_of_price_and_interval_waits_whole(client: stripe.StripeClient) -> None:
    subscription = with_failing_card(client)
    yearly = monthly_price(client, 9000, recurring={"interval": "year"})
    extra = monthly_price(client, 50, recurring={"interval": "year"})
    items = [{"id": first_item(subscription).id, "price": yearly.id}, {"price": extra.id}]
    waiting = change(client, subscription, items=items, payment_behavior="pending_if_incomplete")
    assert [item.price.id for item in waiting["items"].data] == [first_item(subscription).price.id]
    invoice = latest_invoice(client, waiting)
    assert invoice.total == 9000 + 50 - 1000
    client.v1.invoices.pay(invoice.id, params={"payment_method": "pm_card_visa"})
    applied = client.v1.subscriptions.retrieve(subscription.id)
    assert [item.price.id for item in applied["items"].data] == [yearly.id, extra.id]
    assert first_item(applied).current_period_end - first_item(applied).current_period_start >= 365 * 24 * HOUR
    assert [
        line.parent.subscription_item_details.subscription_item
        for line in invoice.lines.data[1:]
        if line.parent and line.parent.subscription_item_details
    ] == [item.id for item in applied["items"].data]


def test_an_item_that_waits_is_told_and_comes_later(client: stripe.StripeClient) -> None:
    subscription, price = with_failing_card(client), monthly_price(client, 50)
    params: Any = {"subscription": subscription.id, "price": price.id, "quantity": 2}
    params |= {"payment_behavior": "pending_if_incomplete", "proration_behavior": "always_invoice"}
    item = client.v1.subscription_items.create(params=params)
    waiting = client.v1.subscriptions.retrieve(subscription.id)
    assert (item.price.id, len(waiting["items"].data)) == (price.id, 1)
    client.v1.invoices.pay(str(waiting.latest_invoice), params={"payment_method": "pm_card_visa"})
    assert client.v1.subscription_items.retrieve(item.id).quantity == 2


def test_voiding_the_invoice_gives_the_change_up(client: stripe.StripeClient) -> None:
    waiting = upgrade(client, with_failing_card(client), payment_behavior="pending_if_incomplete")
    client.v1.invoices.void_invoice(str(waiting.latest_invoice))
    after = client.v1.subscriptions.retrieve(waiting.id)
    assert (after.pending_update, first_item(after).quantity) == (None, 1)
    assert event_types(client).count("customer.subscription.pending_update_expired") == 1
    assert event_types(client).count("invoice.voided") == 1


def test_a_change_waits_for_23_hours(client: stripe.StripeClient) -> None:
    start = 1_893_456_000
    test_clock, customer = on_clock(client, start)
    subscription = subscribe(client, customer.id, monthly_price(client).id)
    change(client, subscription, default_payment_method=FAILS)
    waiting = upgrade(client, subscription, payment_behavior="pending_if_incomplete")
    assert waiting.pending_update is not None
    assert waiting.pending_update.expires_at == start + 23 * HOUR
    client.v1.test_helpers.test_clocks.advance(test_clock, params={"frozen_time": start + 24 * HOUR})
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, after.pending_update, first_item(after).quantity) == ("active", None, 1)
    assert latest_invoice(client, after).status == "void"
    assert event_types(client).count("customer.subscription.pending_update_expired") == 1


def test_another_change_takes_the_place_of_one_that_waits(client: stripe.StripeClient) -> None:
    waiting = upgrade(client, with_failing_card(client), payment_behavior="pending_if_incomplete")
    items = [{"id": first_item(waiting).id, "quantity": 2}]
    again = change(client, waiting, items=items, proration_behavior="none")
    assert (again.pending_update, first_item(again).quantity) == (None, 2)
    assert client.v1.invoices.retrieve(str(waiting.latest_invoice)).status == "void"
    kept = upgrade(client, again, payment_behavior="pending_if_incomplete")
    assert change(client, kept, metadata={"note": "kept"}).pending_update is not None
    client.v1.subscriptions.cancel(kept.id)
    assert event_types(client).count("customer.subscription.pending_update_expired") == 2


@pytest.mark.parametrize(
    "given", [{"description": "Big"}, {"cancel_at": "min_period_end"}, {"default_payment_method": "pm_card_visa"}]
)
def test_only_some_parameters_can_wait(client: stripe.StripeClient, given: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="supported by pending updates") as refused:
        upgrade(client, running_subscription(client), payment_behavior="pending_if_incomplete", **given)
    assert refused.value.param == next(iter(given))


def test_discounts_do_not_wait_yet(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="The sandbox") as refused:
        upgrade(
            client,
            running_subscription(client),
            payment_behavior="pending_if_incomplete",
            discounts=[{"coupon": "HALF"}],
        )
    assert refused.value.param == "discounts"


def test_bank_debits_do_not_wait(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="bank debits"):
        upgrade(client, with_failing_card(client, "pm_sepa_debit"), payment_behavior="pending_if_incomplete")


def test_sent_invoices_do_not_wait(client: stripe.StripeClient) -> None:
    price, customer = monthly_price(client), paying_customer(client)
    subscription = subscribe(client, customer.id, price.id, collection_method="send_invoice", days_until_due=3)
    with pytest.raises(stripe.InvalidRequestError, match="charge_automatically"):
        upgrade(client, subscription, payment_behavior="pending_if_incomplete")
