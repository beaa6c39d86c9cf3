"""Undoes a sale: cancels a subscription without a final invoice, and refunds its payments."""

from typing import Literal, cast

import stripe

from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.objects import parse_payments
from billingportal.stripe_gateway.objects.fields import first_rows, text
from billingportal.stripe_gateway.objects.payments import InvoicePaymentCopy
from billingportal.stripe_gateway.requests.calls import ask

RefundReason = Literal["duplicate", "requested_by_customer"]
PAGE_SIZE = 100


class Refunds:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def end_without_bill(self, subscription_id: str, idempotency_key: str) -> None:
        """Cancel a subscription now; usage not yet invoiced is never billed. An ended subscription is no error."""
        params: stripe.params.SubscriptionCancelParams = {"invoice_now": False, "prorate": False}
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        try:
            ask(lambda: self._client.v1.subscriptions.cancel(subscription_id, params=params, options=options))
        except NotThere:
            return

    def payments_of(self, invoice_id: str) -> list[InvoicePaymentCopy]:
        """The payments of an invoice."""
        answer, _ = ask(
            lambda: self._client.v1.invoice_payments.list(
                params={"invoice": invoice_id, "status": "paid", "limit": PAGE_SIZE}
            )
        )
        return [parse_payments.invoice_payment(row) for row in first_rows(answer)]

    def refund(self, payment: InvoicePaymentCopy, amount_minor: int, reason: RefundReason, idempotency_key: str) -> str:
        """Refund an amount of a payment, in minor units; the refund's id. Raises RequestRefused when less is left."""
        if payment.stripe_payment_intent_id is not None:
            paid_by = {"payment_intent": payment.stripe_payment_intent_id}
        else:
            paid_by = {"charge": payment.stripe_charge_id or ""}
        params = cast("stripe.params.RefundCreateParams", {**paid_by, "amount": amount_minor, "reason": reason})
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        answer, _ = ask(lambda: self._client.v1.refunds.create(params=params, options=options))
        return text(answer, "id")
