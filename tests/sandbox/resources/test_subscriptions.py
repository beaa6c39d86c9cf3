"""Subscriptions: starting, changing, ending."""

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, first_item, monthly_price, paying_customer, running_subscription

DAY = 24 * 3600


def create(client: stripe.StripeClient, customer: str, price: str, **more: Any) -> stripe.Subscription:
    params: Any = {"customer": customer, "items": [{"price": price}], **more}
    return client.v1.subscriptions.create(params=params)


def update(client: stripe.StripeClient, subscription: stripe.Subscription, **params: Any) -> stripe.Subscription:
    given: Any = params
    return client.v1.subscriptions.update(subscription.id, params=given)


def latest_invoice(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    fresh = client.v1.subscriptions.retrieve(subscription.id)
    return client.v1.invoices.retrieve(str(fresh.latest_invoice))


def test_a_paying_customer_has_an_active_subscription_and_a_paid_invoice(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000, quantity=3)
    item, invoice = first_item(subscription), latest_invoice(client, subscription)
    assert (subscription.status, subscription.billing_mode.type) == ("active", "flexible")
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 3000, 3000)
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == subscription.id
    line = invoice.lines.data[0]
    assert (line.amount, line.quantity, line.period.end) == (3000, 3, item.current_period_end)


def test_starting_makes_the_events_that_stripe_sends(client: stripe.StripeClient) -> None:
    running_subscription(client)
    started = {
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    }
    assert started <= set(event_types(client))


def test_without_a_card_nothing_starts_unless_told_to_wait(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        create(client, customer.id, price.id)
    assert client.v1.subscriptions.list(params={"status": "all"}).data == []
    waiting = create(client, customer.id, price.id, payment_behavior="default_incomplete")
    assert (waiting.status, latest_invoice(client, waiting).status) == ("incomplete", "open")


def test_a_failing_card_leaves_it_incomplete_or_makes_nothing(client: stripe.StripeClient) -> None:
    customer, price = paying_customer(client, "pm_card_chargeCustomerFail"), monthly_price(client)
    with pytest.raises(stripe.CardError):
        create(client, customer.id, price.id, payment_behavior="error_if_incomplete")
    assert client.v1.subscriptions.list(params={"status": "all"}).data == []
    incomplete = create(client, customer.id, price.id)
    assert incomplete.status == "incomplete"
    assert "invoice.payment_failed" in event_types(client)
    invoice = client.v1.invoices.pay(str(incomplete.latest_invoice), params={"payment_method": "pm_card_visa"})
    assert invoice.status == "paid"
    assert client.v1.subscriptions.retrieve(incomplete.id).status == "active"


def test_a_sent_invoice_waits_while_the_subscription_runs(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    with pytest.raises(stripe.InvalidRequestError, match="days_until_due"):
        create(client, customer.id, price.id, collection_method="send_invoice")
    subscription = create(client, customer.id, price.id, collection_method="send_invoice", days_until_due=7)
    invoice = latest_invoice(client, subscription)
    assert (subscription.status, invoice.status) == ("active", "open")
    assert invoice.due_date == invoice.created + 7 * DAY


def test_a_trial_starts_with_an_invoice_of_nothing(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    subscription = create(client, customer.id, price.id, trial_period_days=14)
    assert (subscription.status, latest_invoice(client, subscription).total) == ("trialing", 0)
    assert first_item(subscription).current_period_end == subscription.trial_end
    ended = update(client, subscription, trial_end="now", default_payment_method="pm_card_visa")
    assert ended.status == "active"
    assert latest_invoice(client, ended).total == 1000


def test_metered_prices_start_at_nothing_and_take_no_quantity(client: stripe.StripeClient) -> None:
    meter = client.v1.billing.meters.create(
        params={"display_name": "x", "event_name": "x", "default_aggregation": {"formula": "sum"}}
    )
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    price, customer = monthly_price(client, recurring=recurring), client.v1.customers.create(params={})
    with pytest.raises(stripe.InvalidRequestError, match="quantity"):
        create(client, customer.id, "", items=[{"price": price.id, "quantity": 2}])
    subscription = create(client, customer.id, price.id)
    assert subscription.status == "active"
    assert first_item(subscription).quantity is None


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([], "Missing required param: items"),
        ([{"price": "price_gone"}], "No such price"),
        ([{"quantity": 1}], "exactly one of"),
    ],
)
def test_items_that_make_no_sense_are_refused(
    client: stripe.StripeClient, items: list[dict[str, object]], words: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words):
        create(client, paying_customer(client).id, "", items=items)


def test_prices_must_be_active_recurring_and_of_one_currency(client: stripe.StripeClient) -> None:
    customer, price, euro = paying_customer(client).id, monthly_price(client), monthly_price(client, currency="eur")
    once = client.v1.prices.create(params={"currency": "usd", "unit_amount": 1, "product_data": {"name": "x"}})
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        create(client, customer, once.id)
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        create(client, customer, "", items=[{"price": price.id}, {"price": euro.id}])
    with pytest.raises(stripe.InvalidRequestError, match="same plan"):
        create(client, customer, "", items=[{"price": price.id}, {"price": price.id}])
    create(client, customer, price.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        create(client, customer, euro.id)
    client.v1.prices.update(price.id, params={"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        create(client, customer, price.id)


def test_lists_hide_the_canceled_until_asked(client: stripe.StripeClient) -> None:
    running, ended = running_subscription(client), running_subscription(client)
    client.v1.subscriptions.cancel(ended.id)

    def listed(**params: Any) -> list[str]:
        given: Any = params
        return [subscription.id for subscription in client.v1.subscriptions.list(params=given).data]

    assert listed() == [running.id]
    assert listed(status="all") == [ended.id, running.id]
    assert listed(status="canceled") == listed(status="ended") == [ended.id]
    assert listed(customer=running.customer) == [running.id]
    assert listed(price=first_item(running).price.id) == [running.id]
    assert listed(current_period_end={"gt": int(time.time()) + 40 * DAY}) == []


def test_changing_a_quantity_leaves_prorations_for_the_next_invoice(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    update(client, subscription, items=[{"id": first_item(subscription).id, "quantity": 3}])
    pending = client.v1.invoice_items.list(params={"pending": True}).data
    assert sorted(item.amount for item in pending) == [-1000, 3000]
    assert latest_invoice(client, subscription).id == subscription.latest_invoice
    update(
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
    update(
        client,
        subscription,
        items=[{"id": item.id, "quantity": 2}],
        proration_behavior="always_invoice",
        proration_date=middle,
    )
    amounts = [line.amount for line in latest_invoice(client, subscription).lines.data]
    assert amounts == [-501, 1001]


def test_a_new_price_without_a_quantity_means_one(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, quantity=5)
    changed = update(
        client, subscription, items=[{"id": first_item(subscription).id, "price": monthly_price(client).id}]
    )
    assert first_item(changed).quantity == 1


def test_no_item_id_adds_a_second_item(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    changed = update(client, subscription, items=[{"price": monthly_price(client).id}])
    assert len(changed["items"].data) == 2
    second = changed["items"].data[1]
    assert second.current_period_end == first_item(subscription).current_period_end
    fewer = update(client, changed, items=[{"id": first_item(changed).id, "deleted": True}])
    assert [item.id for item in fewer["items"].data] == [second.id]
    with pytest.raises(stripe.InvalidRequestError, match="at least one item"):
        update(client, fewer, items=[{"id": second.id, "deleted": True}])


def test_another_interval_starts_a_new_period_and_invoices_at_once(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    yearly = monthly_price(client, 9000, recurring={"interval": "year"})
    changed = update(client, subscription, items=[{"id": first_item(subscription).id, "price": yearly.id}])
    item = first_item(changed)
    assert item.current_period_end - item.current_period_start >= 365 * DAY
    assert latest_invoice(client, changed).total == 9000 - 1000


def test_two_ways_to_end_at_the_end_of_the_period(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    end = first_item(subscription).current_period_end
    by_flag = update(client, subscription, cancel_at_period_end=True)
    assert (by_flag.cancel_at, by_flag.cancel_at_period_end) == (end, True)
    undone = update(client, subscription, cancel_at_period_end=False)
    assert (undone.cancel_at, undone.canceled_at) == (None, None)
    by_time = update(client, subscription, cancel_at="min_period_end")
    assert (by_time.cancel_at, by_time.cancel_at_period_end) == (end, False)
    assert update(client, subscription, cancel_at="").cancel_at is None


def test_canceling_now_ends_it_for_good(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    params: Any = {"cancellation_details": {"feedback": "too_expensive", "comment": "Bye"}}
    ended = client.v1.subscriptions.cancel(subscription.id, params=params)
    assert (ended.status, ended.ended_at) == ("canceled", ended.canceled_at)
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.feedback == "too_expensive"
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        client.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="only update its cancellation_details and metadata"):
        update(client, subscription, cancel_at_period_end=True)
    assert update(client, subscription, metadata={"a": "1"}).metadata["a"] == "1"


def test_prorating_at_the_end_credits_the_balance(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client, amount=1000)
    client.v1.subscriptions.cancel(subscription.id, params={"invoice_now": True, "prorate": True})
    assert client.v1.customers.retrieve(str(subscription.customer)).balance == -1000
    invoice = latest_invoice(client, subscription)
    assert (invoice.total, invoice.amount_due, invoice.status) == (-1000, 0, "paid")


def test_graduated_items_have_a_line_for_each_tier(client: stripe.StripeClient) -> None:
    tiers: Any = [{"up_to": 5, "unit_amount": 500, "flat_amount": 1000}, {"up_to": "inf", "unit_amount": 400}]
    scheme: Any = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers, "unit_amount": None}
    price = monthly_price(client, **scheme)
    customer = paying_customer(client)
    subscription = create(client, customer.id, "", items=[{"price": price.id, "quantity": 7}])
    lines = latest_invoice(client, subscription).lines.data
    assert [line.amount for line in lines] == [2500, 1000, 800]


def test_items_can_be_changed_one_at_a_time(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    item = client.v1.subscription_items.create(
        params={"subscription": subscription.id, "price": monthly_price(client).id, "quantity": 2}
    )
    assert client.v1.subscription_items.update(item.id, params={"quantity": 5}).quantity == 5
    assert len(client.v1.subscription_items.list(params={"subscription": subscription.id}).data) == 2
    assert client.v1.subscription_items.delete(item.id).deleted is True
    assert event_types(client).count("customer.subscription.updated") == 3


def test_a_refused_start_leaves_nothing_behind(client: stripe.StripeClient) -> None:
    customer, price = client.v1.customers.create(params={}), monthly_price(client)
    token = "pm_card_chargeCustomerFail"
    with pytest.raises(stripe.CardError):
        create(client, customer.id, price.id, default_payment_method=token, payment_behavior="error_if_incomplete")
    assert client.v1.payment_methods.list(params={"customer": customer.id}).data == []
    assert client.v1.subscriptions.list(params={"status": "all"}).data == []


def test_from_free_to_paid_starts_a_new_period_and_invoices_at_once(client: stripe.StripeClient) -> None:
    customer, free = paying_customer(client), monthly_price(client, 0)
    subscription = create(client, customer.id, free.id)
    changed = update(
        client, subscription, items=[{"id": first_item(subscription).id, "price": monthly_price(client).id}]
    )
    assert latest_invoice(client, changed).total == 1000


def test_a_change_within_a_trial_keeps_the_trial(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(params={})
    subscription = create(client, customer.id, monthly_price(client).id, trial_period_days=2)
    assert "customer.subscription.trial_will_end" in event_types(client)
    yearly = monthly_price(client, 9000, recurring={"interval": "year"})
    changed = update(client, subscription, items=[{"id": first_item(subscription).id, "price": yearly.id}])
    assert (changed.status, first_item(changed).current_period_end) == ("trialing", subscription.trial_end)
    assert client.v1.invoice_items.list().data == []
