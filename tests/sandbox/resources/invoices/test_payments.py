"""The payment intents, charges and payments behind invoices."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, latest_invoice, monthly_price, paying_customer, subscribe
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def intent_of(client: stripe.StripeClient, invoice: stripe.Invoice) -> stripe.PaymentIntent:
    payment = client.v1.invoice_payments.list(params={"invoice": invoice.id}).data[0].payment
    expand: Any = {"expand": ["latest_charge"]}
    return client.v1.payment_intents.retrieve(str(payment.payment_intent), params=expand)


def subscribed(client: stripe.StripeClient, card: str) -> stripe.Subscription:
    return subscribe(client, paying_customer(client, card).id, monthly_price(client).id)


def charge_of(intent: stripe.PaymentIntent) -> stripe.Charge:
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent.latest_charge


def test_a_paid_invoice_has_an_intent_with_a_charge(client: stripe.StripeClient) -> None:
    intent = intent_of(client, latest_invoice(client, subscribed(client, "pm_card_visa")))
    assert (intent.status, intent.amount_received, intent.description) == ("succeeded", 1000, "Subscription create")
    assert (charge_of(intent).status, charge_of(intent).paid, charge_of(intent).amount) == ("succeeded", True, 1000)
    types = event_types(client)
    assert {"payment_intent.created", "payment_intent.succeeded", "charge.succeeded", "invoice_payment.paid"} <= set(
        types
    )


def test_a_declined_card_leaves_the_banks_words(client: stripe.StripeClient) -> None:
    invoice = latest_invoice(client, subscribed(client, "pm_card_chargeCustomerFail"))
    intent = intent_of(client, invoice)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert (intent.last_payment_error.code, intent.last_payment_error.message) == (
        "card_declined",
        "Your card was declined.",
    )
    assert (charge_of(intent).status, charge_of(intent).failure_message) == ("failed", "Your card was declined.")


def test_paying_with_a_declined_card_is_refused_and_kept(client: stripe.StripeClient) -> None:
    invoice = latest_invoice(client, subscribed(client, "pm_card_chargeCustomerFail"))
    before = event_types(client).count("invoice.payment_failed")
    with pytest.raises(stripe.CardError, match="Your card was declined"):
        client.v1.invoices.pay(invoice.id)
    assert event_types(client).count("invoice.payment_failed") == before + 1
    assert len(client.v1.charges.list(params={"customer": str(invoice.customer)}).data) == 2


def test_a_card_that_asks_needs_the_customer(client: stripe.StripeClient) -> None:
    subscription = subscribed(client, "pm_card_threeDSecure2Required")
    invoice = latest_invoice(client, subscription)
    intent = intent_of(client, invoice)
    assert (subscription.status, intent.status) == ("incomplete", "requires_action")
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.url == invoice.hosted_invoice_url
    assert {"invoice.payment_action_required", "payment_intent.requires_action"} <= set(event_types(client))
    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice.id)
    assert refused.value.code == "invoice_payment_intent_requires_action"
    other: Any = {"payment_method": "pm_card_visa"}
    assert client.v1.invoices.pay(invoice.id, params=other).status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


@pytest.mark.parametrize(
    ("outcome", "invoice_status", "status"), [("succeeded", "paid", "active"), ("failed", "open", "past_due")]
)
def test_a_debit_is_decided_later(
    sandbox: Sandbox,
    account: SandboxAccount,
    client: stripe.StripeClient,
    outcome: str,
    invoice_status: str,
    status: str,
) -> None:
    subscription = subscribed(client, "pm_sepa_debit")
    invoice = latest_invoice(client, subscription)
    assert (subscription.status, invoice.status, intent_of(client, invoice).status) == ("active", "open", "processing")
    with pytest.raises(stripe.InvalidRequestError, match="processing"):
        client.v1.invoices.pay(invoice.id)
    told = sandbox.control("payments/settle", account=account.id, mode="test", outcome=outcome)
    assert told["invoices"] == [invoice.id]
    settled = client.v1.invoices.retrieve(invoice.id)
    assert (settled.status, settled.attempt_count) == (invoice_status, 1)
    assert client.v1.subscriptions.retrieve(subscription.id).status == status
    assert len(client.v1.charges.list().data) == 1


def test_the_bank_renews_a_card(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    customer = paying_customer(client)
    (method,) = client.v1.payment_methods.list(params={"customer": customer.id}).data
    told = sandbox.control("payment_methods/renew", account=account.id, mode="test", payment_method=method.id)
    renewed = client.v1.payment_methods.retrieve(method.id)
    assert renewed.card is not None
    assert (renewed.card.exp_year, told["exp_year"]) == (2037, 2037)
    assert event_types(client)[-1] == "payment_method.automatically_updated"
