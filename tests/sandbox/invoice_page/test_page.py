"""The page of an invoice."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, latest_invoice, monthly_price, paying_customer, subscribe
from tests.sandbox.surfing import fetch
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

CARD = {"method": "card", "number": "4242424242424242", "expiry": "12/34", "cvc": "123", "name": "Aoife"}


def unpaid(client: stripe.StripeClient, card: str = "pm_card_chargeCustomerFail") -> stripe.Subscription:
    return subscribe(client, paying_customer(client, card).id, monthly_price(client).id)


def test_an_unpaid_invoice_is_paid_with_a_new_card(client: stripe.StripeClient) -> None:
    subscription = unpaid(client)
    invoice = latest_invoice(client, subscription)
    page = fetch(str(invoice.hosted_invoice_url))
    for words in (str(invoice.number), "$10.00", "Card number", "Pay $10.00", "Visa ending in 0341"):
        assert words in page.text
    assert fetch(str(invoice.hosted_invoice_url), {**CARD, "method": "saved"}).status == 303
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert "Card number" not in fetch(str(invoice.hosted_invoice_url)).text
    fetch(str(invoice.hosted_invoice_url), CARD)
    assert event_types(client).count("invoice.paid") == 1


def test_a_declined_card_brings_the_page_back_and_is_told(client: stripe.StripeClient) -> None:
    invoice = latest_invoice(client, unpaid(client))
    before = event_types(client).count("invoice.payment_failed")
    for form in ({**CARD, "number": "4000000000000341"}, {"method": "saved"}):
        back = fetch(str(invoice.hosted_invoice_url), form)
        assert back.status == 422
        assert "Your card was declined." in back.text
    assert event_types(client).count("invoice.payment_failed") == before + 2


def test_the_saved_card_is_confirmed_here(client: stripe.StripeClient) -> None:
    subscription = unpaid(client, "pm_card_authenticationRequired")
    url = str(latest_invoice(client, subscription).hosted_invoice_url)
    assert "Complete authentication" in fetch(url, {"method": "saved"}).text
    assert fetch(url, {"method": "saved", "authentication": "fail"}).status == 422
    assert fetch(url, {"method": "saved", "authentication": "complete"}).status == 303
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_debit_under_way_cannot_be_paid_again(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    invoice = latest_invoice(client, unpaid(client))
    fetch(str(invoice.hosted_invoice_url), {**CARD, "method": "sepa_debit"})
    page = fetch(str(invoice.hosted_invoice_url))
    assert "Your payment is processing" in page.text
    assert "Card number" not in page.text
    sandbox.control("payments/settle", account=account.id, mode="test", outcome="succeeded", invoice=invoice.id)
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_there_is_a_pdf(client: stripe.StripeClient) -> None:
    invoice = latest_invoice(client, unpaid(client))
    pdf = fetch(str(invoice.invoice_pdf))
    assert pdf.text.startswith("%PDF-1.4")
    assert pdf.text.endswith("%%EOF\n")
    assert str(invoice.number) in pdf.text
    start = int(pdf.text.split("startxref\n")[1].split("\n")[0])
    assert pdf.text[start:].startswith("xref")


@pytest.mark.parametrize("end", ["x", "/other"])
def test_only_the_right_address_shows_an_invoice(client: stripe.StripeClient, end: str) -> None:
    invoice: Any = latest_invoice(client, unpaid(client))
    assert fetch(invoice.hosted_invoice_url + end).status == 404
