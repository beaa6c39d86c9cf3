"""What a client has to pay now: the open invoice of its subscription, and other invoices as what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.domain.invoices import open_invoices
from billingportal.domain.invoices.open_invoices import OpenInvoice, Standing
from billingportal.domain.invoices.payment_method_text import method_words
from billingportal.models import ClientCustomer, PaymentAttempt, PaymentMethod, Subscription
from billingportal.money import Money

# The most invoices beside the subscription's own that ask to be paid; the list of invoices has all.
MOST_ASKED = 5


@dataclass(frozen=True)
class Due:
    """The open invoice of the subscription. `failed_method` names what the last attempt charged, where it failed.

    `is_saved_since`: the client has another payment method now, which was not charged yet. `sent_until`: the due date
    of an invoice that is sent and not charged.
    """

    amount: Money
    standing: Standing = "declined"
    failed_method: str | None = None
    is_saved_since: bool = False
    sent_until: datetime | None = None


@dataclass(frozen=True)
class InvoiceNote:
    """Another open invoice, in words, with what can be done about it."""

    open: OpenInvoice
    severity: Severity
    title: str
    words: str
    action: Literal["pay", "confirm", "none"]


def due_of(session: Session, own: OpenInvoice | None, method: PaymentMethod | None, moment: datetime) -> Due | None:
    """The subscription's open invoice as a notice speaks of it. `method` is the one that Stripe charges next."""
    if own is None:
        return None
    failed_id = own.failed_method_id if own.standing in ("declined", "confirm") else None
    return Due(
        amount=own.amount,
        standing=own.standing,
        failed_method=failed_words(session, own.attempt, moment) if failed_id else None,
        is_saved_since=bool(failed_id and method and method.stripe_payment_method_id != failed_id),
        sent_until=own.invoice.due_at,
    )


def failed_words(session: Session, attempt: PaymentAttempt | None, moment: datetime) -> str | None:
    """The payment method of an attempt in words; None where Stripe did not describe it and it is not stored."""
    if attempt is None:
        return None
    if attempt.type:
        return method_words(attempt, moment).words
    stored = session.scalar(
        select(PaymentMethod).where(
            PaymentMethod.processor_account_id == attempt.processor_account_id,
            PaymentMethod.stripe_payment_method_id == attempt.stripe_payment_method_id,
        )
    )
    return method_words(stored, moment).words if stored else None


def notes_of(
    session: Session,
    found: Sequence[OpenInvoice],
    spoken_of: OpenInvoice | None,
    subscription: Subscription | None,
    moment: datetime,
) -> list[InvoiceNote]:
    """The open invoices that no notice speaks of, those due first. Stripe charges some soon by itself: not these."""
    asked = [one for one in found if one is not spoken_of and not is_charged_soon(one)]
    asked.sort(key=lambda one: one.invoice.due_at or one.invoice.created_at)
    return [note_of(session, one, subscription, moment) for one in asked[:MOST_ASKED]]


def is_charged_soon(one: OpenInvoice) -> bool:
    """Whether Stripe is about to charge it for the first time."""
    is_automatic = one.invoice.collection_method == "charge_automatically"
    return is_automatic and one.standing == "none" and one.invoice.next_attempt_at is not None


def note_of(session: Session, one: OpenInvoice, subscription: Subscription | None, moment: datetime) -> InvoiceNote:
    purpose = purpose_words(one, subscription)
    if one.standing == "processing":
        words = f"{purpose} It may take a few days to arrive."
        return InvoiceNote(one, "info", f"Your payment of {one.amount} is on its way", words, "none")
    if one.standing == "confirm":
        words = f"{purpose} Your bank wants you to confirm it, on Stripe’s secure page."
        return InvoiceNote(one, "warn", f"Confirm your payment of {one.amount}", words, "confirm")
    if one.standing == "declined":
        failed = failed_words(session, one.attempt, moment)
        words = f"{purpose} Your bank declined the {failed}." if failed else purpose
        return InvoiceNote(one, "warn", f"The payment of {one.amount} failed", words, "pay")
    if one.invoice.due_at is None:
        return InvoiceNote(one, "info", f"An invoice of {one.amount} is open", purpose, "pay")
    is_late = one.is_overdue(moment)
    title = f"An invoice of {one.amount} {'was' if is_late else 'is'} due on {day(one.invoice.due_at)}"
    return InvoiceNote(one, "warn" if is_late else "info", title, purpose, "pay")


def purpose_words(one: OpenInvoice, subscription: Subscription | None) -> str:
    """What the invoice is for, so that nobody takes it for the payment of the plan."""
    if one.invoice.stripe_subscription_id is None:
        named = f"For “{one.invoice.purpose}”. " if one.invoice.purpose else ""
        return f"{named}It is separate from your plan."
    if subscription is None or not open_invoices.is_of(one.invoice, subscription):
        return "It is for a subscription that does not count any more."
    newest = one.invoice.stripe_invoice_id == subscription.latest_stripe_invoice_id
    return "It is for your plan." if newest else "It is an earlier invoice of your plan."


def own_due(session: Session, link: ClientCustomer | None, subscription: Subscription | None) -> OpenInvoice | None:
    """The invoice of the subscription that is to be paid now."""
    return open_invoices.own_invoice(session, open_invoices_of(session, link, subscription), subscription)


def open_invoices_of(
    session: Session, link: ClientCustomer | None, subscription: Subscription | None
) -> list[OpenInvoice]:
    """The open invoices to be paid, newest first, without those that only a change of the subscription waits for."""
    found = open_invoices.open_invoices(session, link)
    return [one for one in found if not open_invoices.is_of_waiting_change(one.invoice, subscription)]
