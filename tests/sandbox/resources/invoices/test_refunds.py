"""Refunds and disputes: from an invoice to its charge, and back."""

import urllib.error
from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, latest_invoice, running_subscription
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def invoice(client: stripe.StripeClient) -> str:
    """The id of a paid invoice."""
    return latest_invoice(client, running_subscription(client)).id


@pytest.fixture
def intent(client: stripe.StripeClient, invoice: str) -> str:
    """The id of the payment intent that paid it."""
    return str(client.v1.invoice_payments.list(params={"invoice": invoice}).data[0].payment.payment_intent)


def refund(client: stripe.StripeClient, **params: Any) -> stripe.Refund:
    given: Any = params
    return client.v1.refunds.create(params=given)


def test_parts_are_given_back_until_nothing_is_left(client: stripe.StripeClient, intent: str) -> None:
    first = refund(client, payment_intent=intent, amount=300, reason="requested_by_customer")
    assert (first.status, first.amount, first.payment_intent) == ("succeeded", 300, intent)
    expand: Any = {"expand": ["refunds"]}
    charge = client.v1.charges.retrieve(str(first.charge), params=expand)
    assert charge.refunds is not None
    assert (charge.amount_refunded, charge.refunded, [one.id for one in charge.refunds.data]) == (
        300,
        False,
        [first.id],
    )
    with pytest.raises(stripe.InvalidRequestError, match=r"\(\$8.00\) is greater than unrefunded amount.*\(\$7.00\)"):
        refund(client, payment_intent=intent, amount=800)
    assert refund(client, charge=str(first.charge)).amount == 700
    assert client.v1.charges.retrieve(str(first.charge)).refunded is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(client, payment_intent=intent)
    assert refused.value.code == "charge_already_refunded"
    assert event_types(client)[-2:] == ["refund.created", "charge.refunded"]
    assert len(client.v1.refunds.list(params={"payment_intent": intent}).data) == 2


def test_from_a_refund_to_its_invoice(client: stripe.StripeClient, invoice: str, intent: str) -> None:
    wanted: Any = {
        "payment": {
            "type": "payment_intent",
            "payment_intent": str(refund(client, payment_intent=intent).payment_intent),
        }
    }
    assert [one.invoice for one in client.v1.invoice_payments.list(params=wanted).data] == [invoice]


def test_a_refund_needs_something_to_give_back(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        refund(client)
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        refund(client, payment_intent="pi_1")


def test_a_refund_can_fail(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, intent: str) -> None:
    made = refund(client, payment_intent=intent)
    sandbox.control("refunds/fail", account=account.id, mode="test", refund=made.id)
    failed = client.v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert client.v1.charges.retrieve(str(made.charge)).amount_refunded == 0
    assert "refund.failed" in event_types(client)
    assert refund(client, payment_intent=intent).amount == 1000


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute_is_opened_and_decided(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, invoice: str, intent: str, end: str
) -> None:
    told = sandbox.control("disputes", account=account.id, mode="test", invoice=invoice)
    dispute = client.v1.disputes.retrieve(told["dispute"])
    assert (dispute.status, dispute.payment_intent, dispute.amount) == ("needs_response", intent, 1000)
    assert client.v1.charges.retrieve(str(dispute.charge)).disputed is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(client, payment_intent=intent)
    assert refused.value.code == "charge_disputed"
    for status in ("under_review", end):
        sandbox.control("disputes", account=account.id, mode="test", invoice=invoice, status=status)
    assert [one.status for one in client.v1.disputes.list(params={"payment_intent": intent}).data] == [end]
    types = [name for name in event_types(client) if name.startswith("charge.dispute")]
    assert types[:4] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.updated",
    ]
    assert "charge.dispute.closed" in types
    with pytest.raises(stripe.InvalidRequestError, match="closed"):
        client.v1.disputes.close(dispute.id)


def test_only_paid_invoices_are_disputed(sandbox: Sandbox, account: SandboxAccount, invoice: str) -> None:
    for given in ({"invoice": "in_1"}, {"invoice": invoice, "status": "angry"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            sandbox.control("disputes", account=account.id, mode="test", **given)
        with refused.value:
            assert refused.value.code == 400
