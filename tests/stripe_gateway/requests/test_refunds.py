"""Ending a subscription without a bill and giving its payments back, through the official SDK against the sandbox."""

import pytest

from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.payments import InvoicePaymentCopy
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def payment(sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway) -> InvoicePaymentCopy:
    """The payment of the first invoice of a subscription."""
    sandbox.control("samples", account=account.id, mode="test", name="subscription")
    (invoice,) = sandbox.client(account.test_key).v1.invoices.list().data
    (found,) = gateway.refunds.payments_of(str(invoice.id))
    return found


def test_a_payment_is_given_back_once_however_often_it_is_asked(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway, payment: InvoicePaymentCopy
) -> None:
    made = [gateway.refunds.refund(payment, payment.amount_paid_minor, "duplicate", "key-1") for _ in range(2)]

    (refund,) = sandbox.client(account.test_key).v1.refunds.list().data
    assert made == [refund.id, refund.id]
    assert (refund.amount, refund.payment_intent) == (payment.amount_paid_minor, payment.stripe_payment_intent_id)
    with pytest.raises(RequestRefused, match="already been refunded"):
        gateway.refunds.refund(payment, payment.amount_paid_minor, "duplicate", "key-2")


def test_more_than_is_left_is_refused(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway, payment: InvoicePaymentCopy
) -> None:
    refunds = sandbox.client(account.test_key).v1.refunds
    refunds.create(params={"payment_intent": payment.stripe_payment_intent_id or "", "amount": 100})

    with pytest.raises(RequestRefused):
        gateway.refunds.refund(payment, payment.amount_paid_minor, "duplicate", "key-1")
    gateway.refunds.refund(payment, payment.amount_paid_minor - 100, "duplicate", "key-2")

    assert sum(refund.amount for refund in refunds.list().data) == payment.amount_paid_minor


def test_a_subscription_ends_without_a_bill_and_may_have_ended(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway
) -> None:
    made = sandbox.control("samples", account=account.id, mode="test", name="subscription")
    api = sandbox.client(account.test_key).v1

    gateway.refunds.end_without_bill(made["subscription"], "key-1")
    gateway.refunds.end_without_bill(made["subscription"], "key-2")

    assert api.subscriptions.retrieve(made["subscription"]).status == "canceled"
    assert len(api.invoices.list().data) == 1
