"""Invoices after they were made."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, monthly_price, running_subscription


@pytest.fixture
def open_invoice(client: stripe.StripeClient) -> str:
    """The id of an invoice that waits to be paid."""
    customer = client.v1.customers.create(params={})
    params: Any = {
        "customer": customer.id,
        "items": [{"price": monthly_price(client).id}],
        "payment_behavior": "default_incomplete",
    }
    return str(client.v1.subscriptions.create(params=params).latest_invoice)


def test_lists_filter_by_customer_subscription_and_status(client: stripe.StripeClient, open_invoice: str) -> None:
    paid = running_subscription(client)

    def listed(**params: Any) -> list[str]:
        given: Any = params
        return [invoice.id for invoice in client.v1.invoices.list(params=given).data]

    assert listed(status="open") == [open_invoice]
    assert listed(subscription=paid.id) == listed(customer=paid.customer) == [paid.latest_invoice]


def test_paying_outside_stripe_is_paid_but_no_payment(client: stripe.StripeClient, open_invoice: str) -> None:
    invoice = client.v1.invoices.pay(open_invoice, params={"paid_out_of_band": True})
    assert (invoice.status, invoice.amount_paid_off_stripe) == ("paid", 1000)
    assert "invoice.paid" in event_types(client)
    assert "invoice.payment_succeeded" not in event_types(client)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.pay(open_invoice)
    assert refused.value.code == "invoice_already_paid"


def test_void_and_uncollectible_are_final_states(client: stripe.StripeClient, open_invoice: str) -> None:
    assert client.v1.invoices.mark_uncollectible(open_invoice).status == "uncollectible"
    voided = client.v1.invoices.void_invoice(open_invoice)
    assert voided.status == "void"
    assert voided.status_transitions.voided_at is not None
    assert event_types(client)[-5:] == [
        "invoice.updated",
        "invoice.marked_uncollectible",
        "invoice.updated",
        "payment_intent.canceled",
        "invoice.voided",
    ]
    for action in (client.v1.invoices.void_invoice, client.v1.invoices.mark_uncollectible, client.v1.invoices.pay):
        with pytest.raises(stripe.InvalidRequestError):
            action(open_invoice)


@pytest.mark.parametrize("balance", [-400, 300, -5000])
def test_a_voided_invoice_gives_back_what_it_took_from_the_balance(client: stripe.StripeClient, balance: int) -> None:
    customer = client.v1.customers.create(params={"balance": balance}).id
    terms: Any = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 20}
    bill = str(client.v1.invoices.create(params=terms).id)
    item: Any = {"customer": customer, "invoice": bill, "amount": 6000, "currency": "usd"}
    client.v1.invoice_items.create(params=item)
    client.v1.invoices.finalize_invoice(bill)
    assert client.v1.customers.retrieve(customer).balance == 0
    client.v1.invoices.void_invoice(bill)
    assert client.v1.customers.retrieve(customer).balance == balance
    assert event_types(client)[-1] == "customer.updated"


def test_an_open_invoice_cannot_be_finalized_again(client: stripe.StripeClient, open_invoice: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        client.v1.invoices.finalize_invoice(open_invoice)


def test_numbers_count_up_for_each_customer(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    anchor: Any = {"billing_cycle_anchor": {"type": "now"}}
    client.v1.subscriptions.update(subscription.id, params=anchor)
    invoices = client.v1.invoices.list(params={"subscription": subscription.id}).data
    numbers = [invoice.number for invoice in invoices]
    assert [str(number)[-4:] for number in numbers] == ["0002", "0001"]


def test_the_payment_behind_an_invoice_is_found_both_ways(client: stripe.StripeClient) -> None:
    subscription = running_subscription(client)
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice), params={"expand": ["payments"]})
    assert invoice.payments is not None
    payment = invoice.payments.data[0]
    intent: Any = {"type": "payment_intent", "payment_intent": payment.payment.payment_intent}
    assert client.v1.invoice_payments.list(params={"payment": intent}).data[0].invoice == invoice.id
