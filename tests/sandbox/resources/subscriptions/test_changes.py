"""Subscriptions: changing, and what a change costs."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import (
    change,
    event_types,
    first_item,
    latest_invoice,
    monthly_price,
    paying_customer,
    running_subscription,
    subscribe,
)

DAY = 24 * 3600


def test_changing_a_quantity_leaves_prorations_for_the_next_invoice(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    change(client, subscription, items=[{"id": first_item(subscription).id, "quantity": 3}])
    pending = client.v1.invoice_items.list(params={"pending": True}).data
    assert sorted(item.amount for item in pending) == [-1000, 3000]
    assert latest_invoice(client, subscription).id == subscription.latest_invoice
    change(
        client,
        subscription,
        items=[{"id": first_item(subscription).id, "quantity": 4}],
        proration_behavior="always_invoice",
    )
    invoice = latest_invoice(client, subscription)
    assert (invoice.total, invoice.billing_reason) == (3000, "subscription_update")
    assert client.v1.invoice_items.list(params={"pending": True}).data == []
    details = [line.parent.subscription_item_details for line in invoice.lines.data if line.parent]
    assert all(detail is not None and detail.proration for detail in details)


def test_half_a_period_is_prorated_to_half_the_price(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1001)
    item = first_item(subscription)
    middle = (item.current_period_start + item.current_period_end) // 2
    change(
        client,
        subscription,
        items=[{"id": item.id, "quantity": 2}],
        proration_behavior="always_invoice",
        proration_date=middle,
    )
    amounts = [line.amount for line in latest_invoice(client, subscription).lines.data]
    assert amounts == [-501, 1001]


def test_a_change_is_prorated_within_the_period_only(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    item = first_item(subscription)
    for moment in (item.current_period_start - 1, item.current_period_end + 1):
        with pytest.raises(stripe.InvalidRequestError, match="within the current period") as refused:
            change(client, subscription, items=[{"id": item.id, "quantity": 2}], proration_date=moment)
        assert refused.value.param == "proration_date"


def test_a_new_price_without_a_quantity_means_one(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, quantity=5)
    changed = change(
        client, subscription, items=[{"id": first_item(subscription).id, "price": monthly_price(client).id}]
    )
    assert first_item(changed).quantity == 1


def test_no_item_id_adds_a_second_item(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    changed = change(client, subscription, items=[{"price": monthly_price(client).id}])
    assert len(changed["items"].data) == 2
    second = changed["items"].data[1]
    assert second.current_period_end == first_item(subscription).current_period_end
    fewer = change(client, changed, items=[{"id": first_item(changed).id, "deleted": True}])
    assert [item.id for item in fewer["items"].data] == [second.id]
    with pytest.raises(stripe.InvalidRequestError, match="at least one item"):
        change(client, fewer, items=[{"id": second.id, "deleted": True}])


def test_another_interval_starts_a_new_period_and_invoices_at_once(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    yearly = monthly_price(client, 9000, recurring={"interval": "year"})
    changed = change(client, subscription, items=[{"id": first_item(subscription).id, "price": yearly.id}])
    item = first_item(changed)
    assert item.current_period_end - item.current_period_start >= 365 * DAY
    assert latest_invoice(client, changed).total == 9000 - 1000


def test_items_can_be_changed_one_at_a_time(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    item = client.v1.subscription_items.create(
        params={"subscription": subscription.id, "price": monthly_price(client).id, "quantity": 2}
    )
    assert client.v1.subscription_items.update(item.id, params={"quantity": 5}).quantity == 5
    assert len(client.v1.subscription_items.list(params={"subscription": subscription.id}).data) == 2
    assert client.v1.subscription_items.delete(item.id).deleted is True
    assert event_types(client).count("customer.subscription.updated") == 3


def test_from_free_to_paid_starts_a_new_period_and_invoices_at_once(client: stripe.StripeClient) -> None:
    customer, free = paying_customer(client), monthly_price(client, 0)
    subscription = subscribe(client, customer.id, free.id)
    changed = change(
        client, subscription, items=[{"id": first_item(subscription).id, "price": monthly_price(client).id}]
    )
    assert latest_invoice(client, changed).total == 1000


def test_a_change_within_a_trial_keeps_the_trial(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={})
    subscription = subscribe(client, customer.id, monthly_price(client).id, trial_period_days=2)
    assert "customer.subscription.trial_will_end" in event_types(client)
    yearly = monthly_price(client, 9000, recurring={"interval": "year"})
    changed = change(client, subscription, items=[{"id": first_item(subscription).id, "price": yearly.id}])
    assert (changed.status, first_item(changed).current_period_end) == ("trialing", subscription.trial_end)
    assert client.v1.invoice_items.list().data == []


def test_a_trial_that_starts_gives_the_unused_time_back(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    end = first_item(subscription).current_period_end + 5 * DAY
    changed = change(client, subscription, trial_end=end)
    assert (changed.status, first_item(changed).current_period_end) == ("trialing", end)
    assert latest_invoice(client, changed).total == -1000
    later = change(client, changed, trial_end=end + DAY)
    assert (later.latest_invoice, first_item(later).current_period_end) == (changed.latest_invoice, end + DAY)
    assert client.v1.customers.retrieve(str(subscription.customer)).balance == -1000


def test_a_credit_names_the_lines_that_it_credits(client: stripe.StripeClient) -> None:
    """Also where a coupon made both free: the credit is 0 then, and only this tells it from the charge."""
    free: Any = {"percent_off": 100, "duration": "forever"}
    coupon = client.v1.coupons.create(params=free).id
    first, second, third = (monthly_price(client, amount) for amount in (1000, 2000, 3000))
    subscription = subscribe(client, paying_customer(client).id, first.id, discounts=[{"coupon": coupon}])
    charged = latest_invoice(client, subscription)
    for price in (second, third):
        items = [{"id": first_item(subscription).id, "price": price.id}]
        change(client, subscription, items=items, proration_behavior="always_invoice")
        changed = latest_invoice(client, subscription)
        credit, debit = (line.parent.subscription_item_details for line in changed.lines.data if line.parent)
        assert {line.amount for line in changed.lines.data} == {0}
        assert credit is not None
        assert credit.proration_details is not None
        named = credit.proration_details.credited_items
        assert named is not None
        assert (named.invoice, named.invoice_line_items) == (charged.id, [charged.lines.data[-1].id])
        assert debit is not None
        assert debit.proration_details is not None
        assert debit.proration_details.credited_items is None
        charged = changed
