"""Invoices without a subscription: drafted, finalized, sent or charged, and never tried again by themselves."""

from typing import Any

import pytest
import stripe

from tests.sandbox import clocks
from tests.sandbox.build import event_types, running_subscription


def workshop(client: stripe.StripeClient, customer: str, amount: int = 50_000, **given: Any) -> stripe.Invoice:
    """A finalized one-off invoice."""
    params: Any = {"customer": customer, "currency": "usd", "auto_advance": True, **given}
    draft = client.v1.invoices.create(params=params)
    client.v1.invoice_items.create(
        params={"customer": customer, "invoice": str(draft.id), "amount": amount, "currency": "usd"}
    )
    return client.v1.invoices.finalize_invoice(str(draft.id))


def test_a_sent_invoice_is_open_until_it_is_paid(client: stripe.StripeClient) -> None:
    one = running_subscription(client)
    sent = workshop(client, str(one.customer), collection_method="send_invoice", days_until_due=20)
    assert (sent.status, sent.amount_due, sent.parent, sent.attempt_count) == ("open", 50_000, None, 0)
    paid = client.v1.invoices.pay(str(sent.id))
    assert (paid.status, paid.amount_paid) == ("paid", 50_000)
    assert client.v1.subscriptions.retrieve(one.id).status == "active"


def test_an_invoice_that_is_not_paid_in_time_is_overdue_and_leaves_the_subscription_alone(
    client: stripe.StripeClient,
) -> None:
    test_clock = clocks.new_clock(client)
    customer = clocks.customer_on(client, test_clock)
    workshop(client, customer.id, collection_method="send_invoice", days_until_due=20)
    clocks.advance(client, test_clock, clocks.START + 21 * clocks.DAY)
    assert "invoice.overdue" in event_types(client)


@pytest.mark.parametrize(("card", "status"), [("pm_card_visa", "paid"), ("pm_card_chargeCustomerFail", "open")])
def test_a_charged_invoice_is_tried_once_an_hour_later(client: stripe.StripeClient, card: str, status: str) -> None:
    test_clock = clocks.new_clock(client)
    customer = clocks.customer_on(client, test_clock, card)
    name = str(workshop(client, customer.id).id)
    clocks.advance(client, test_clock, clocks.START + 30 * clocks.DAY)
    found = client.v1.invoices.retrieve(name)
    assert (found.status, found.attempt_count, found.next_payment_attempt) == (status, 1, None)


def test_the_invoices_own_card_is_charged_before_the_customers(client: stripe.StripeClient) -> None:
    customer = str(running_subscription(client).customer)
    card = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", params={"customer": customer}).id
    one = workshop(client, customer, default_payment_method=card)
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(str(one.id))


@pytest.mark.parametrize(
    "given", [{"collection_method": "send_invoice"}, {"days_until_due": 3}, {"subscription": "sub_1"}]
)
def test_a_due_date_goes_with_a_sent_invoice_only(client: stripe.StripeClient, given: dict[str, Any]) -> None:
    params: Any = {"customer": str(running_subscription(client).customer), **given}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.create(params=params)


def test_an_invoice_whose_own_card_was_detached_is_not_paid(client: stripe.StripeClient) -> None:
    customer = str(running_subscription(client).customer)
    card = client.v1.payment_methods.attach("pm_card_visa", params={"customer": customer}).id
    one = workshop(client, customer, default_payment_method=card)
    client.v1.payment_methods.detach(card)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(str(one.id))
    assert client.v1.invoices.retrieve(str(one.id)).status == "open"


@pytest.mark.parametrize(("amount", "due", "owed"), [(49, 0, 49), (50, 50, 0)])
def test_what_is_below_the_minimum_charge_is_paid_with_the_next_invoice(
    client: stripe.StripeClient, amount: int, due: int, owed: int
) -> None:
    customer = str(running_subscription(client).customer)
    small = workshop(client, customer, amount, collection_method="send_invoice", days_until_due=20)
    assert (small.status, small.amount_due) == ("open" if due else "paid", due)
    assert client.v1.customers.retrieve(customer).balance == owed
    large = workshop(client, customer, 2_000, collection_method="send_invoice", days_until_due=20)
    assert large.amount_due == 2_000 + owed
