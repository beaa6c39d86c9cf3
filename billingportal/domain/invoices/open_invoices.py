"""The open invoices of a customer: the one of its subscription that counts, and all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.shown_amounts import ShownAmount
from billingportal.domain.invoices import payment_attempts
from billingportal.domain.invoices.client_invoices import is_shown
from billingportal.domain.invoices.payments_under_way import invoices_under_way
from billingportal.domain.subscriptions import invoice_history
from billingportal.domain.subscriptions.status import FAILING_STATUSES
from billingportal.models import ClientCustomer, Invoice, PaymentAttempt, Subscription
from billingportal.money import Money

# How the last attempt to pay ended. `none`: there was none.
Standing = Literal["none", "declined", "confirm", "processing"]
STANDINGS: dict[str | None, Standing] = {
    "requires_action": "confirm",
    "requires_confirmation": "confirm",
    "processing": "processing",
}


@dataclass(frozen=True)
class OpenInvoice:
    """An open invoice, with the last attempt to pay it where it is known. `is_under_way`: a bank works on a payment.

    An attempt that was read before the invoice changed still names the card, but not how the payment stands now.
    """

    invoice: Invoice
    attempt: PaymentAttempt | None
    is_under_way: bool = False

    @property
    def amount(self) -> Money:
        """What remains to be paid."""
        return Money(self.invoice.amount_remaining_minor, self.invoice.currency)

    @property
    def standing(self) -> Standing:
        if self.is_under_way:
            return "processing"
        if not self.invoice.attempt_count:
            return "none"
        return STANDINGS.get(payment_attempts.intent_status(self.attempt, self.invoice), "declined")

    @property
    def page_url(self) -> str | None:
        """The invoice's page at Stripe."""
        return self.invoice.hosted_invoice_url

    @property
    def since(self) -> datetime:
        """Since when it is to be paid."""
        return self.invoice.due_at or self.invoice.finalized_at or self.invoice.created_at

    @property
    def failed_method_id(self) -> str | None:
        """The payment method that the last attempt charged."""
        return self.attempt.stripe_payment_method_id if self.attempt else None

    def is_overdue(self, moment: datetime) -> bool:
        return self.invoice.due_at is not None and self.invoice.due_at <= moment

    def shown_with(self, method_id: str | None) -> ShownAmount:
        """What a button says that pays it with this method."""
        return ShownAmount(self.invoice.stripe_invoice_id, self.amount, method_id or "")


def open_invoices(session: Session, link: ClientCustomer | None) -> list[OpenInvoice]:
    """The customer's open invoices with an amount due, newest first."""
    if link is None:
        return []
    rows = session.scalars(
        select(Invoice)
        .where(is_shown(link), Invoice.status == "open", Invoice.amount_remaining_minor > 0)
        .order_by(Invoice.created_at.desc(), Invoice.id.desc())
    ).all()
    attempts = payment_attempts.attempts_of(session, link.processor_account_id, [one.stripe_invoice_id for one in rows])
    under_way = invoices_under_way(session, link)
    return [OpenInvoice(one, attempts.get(one.stripe_invoice_id), one.stripe_invoice_id in under_way) for one in rows]


def own_invoice(
    session: Session, found: Sequence[OpenInvoice], subscription: Subscription | None
) -> OpenInvoice | None:
    """The invoice of the subscription that is to be paid: the newest.

    While the subscription fails, the newest one decides even as a draft; None where that one is not owed.
    """
    if subscription is None:
        return None
    if subscription.status in FAILING_STATUSES:
        payable = invoice_history.payable(invoice_history.invoices_of(session, subscription))
        known = (one for one in found if one.invoice is payable)
        return next(known, OpenInvoice(payable, None)) if payable is not None else None
    return next((one for one in found if is_of(one.invoice, subscription)), None)


def is_of(invoice: Invoice, subscription: Subscription) -> bool:
    """Whether the invoice's parent is the subscription. One-off invoices have no parent."""
    return invoice.stripe_subscription_id == subscription.stripe_subscription_id


def is_of_waiting_change(invoice: Invoice, subscription: Subscription | None) -> bool:
    """Whether a change of the subscription waits for this invoice: unpaid, the change is dropped and nothing is owed.

    So it is with the pending update of a running subscription, and with the resumption of a paused one.
    """
    if subscription is None or invoice.stripe_invoice_id != subscription.latest_stripe_invoice_id:
        return False
    waits = subscription.pending_update_expires_at is not None or subscription.status == "paused"
    return waits and invoice.billing_reason == "subscription_update"
