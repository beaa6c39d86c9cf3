"""The last attempt to pay each open invoice, read from Stripe: events of invoices name no card and no bank's answer."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.models import Invoice, PaymentAttempt, ProcessorAccount
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.payment_states import ChargedMethod, PaymentState

BATCH = 50
# Another request may succeed where one invoice cannot be read.
ABOUT_ONE = (NotThere, RequestRefused, RightMissing, UnreadableObject)


def accounts_with_unread(session: Session) -> list[int]:
    """The ids of the connected accounts with an attempt that was not read yet."""
    found = (
        select(Invoice.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == Invoice.processor_account_id)
        .where(ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working", is_unread())
    )
    return list(session.scalars(found))


def is_unread() -> ColumnElement[bool]:
    """SQL condition: an open invoice that was attempted, and that has changed since its attempt was read."""
    known = select(PaymentAttempt.id).where(
        PaymentAttempt.processor_account_id == Invoice.processor_account_id,
        PaymentAttempt.stripe_invoice_id == Invoice.stripe_invoice_id,
        PaymentAttempt.invoice_revision >= Invoice.revision,
    )
    is_attempted = (Invoice.status == "open") & (Invoice.attempt_count > 0) & Invoice.deleted_at.is_(None)
    return is_attempted & ~known.exists()


def read_unread(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Read the attempts of the account that were not read yet. Raises a StripeProblem when Stripe cannot be asked."""
    with transaction() as session:
        rows = session.execute(
            select(Invoice.stripe_invoice_id, Invoice.revision)
            .where(Invoice.processor_account_id == account_id, is_unread())
            .order_by(Invoice.id)
            .limit(BATCH)
        ).all()
    for invoice_id, revision in rows:
        state = read_state(gateway, invoice_id)
        with transaction() as session:
            store_attempt(session, account_id, invoice_id, revision, state)


def read_state(gateway: StripeGateway, invoice_id: str) -> PaymentState | None:
    """The payment state; None where Stripe does not give it. Raises a StripeProblem when Stripe cannot be asked."""
    try:
        return gateway.subscriptions.payment_state(invoice_id)
    except ABOUT_ONE:
        return None


def store_attempt(
    session: Session, account_id: int, invoice_id: str, revision: int, state: PaymentState | None
) -> None:
    """Store the attempt, unless one of a later revision of the invoice is stored."""
    session.get_one(ProcessorAccount, account_id, with_for_update={"key_share": True})
    row = session.scalar(
        select(PaymentAttempt).where(
            PaymentAttempt.processor_account_id == account_id, PaymentAttempt.stripe_invoice_id == invoice_id
        )
    )
    if row is None:
        row = PaymentAttempt(processor_account_id=account_id, stripe_invoice_id=invoice_id, invoice_revision=revision)
        session.add(row)
    if row.invoice_revision > revision:
        return
    method = (state.method if state else None) or ChargedMethod("")
    row.invoice_revision, row.intent_status, row.read_at = revision, state.intent if state else None, now()
    row.stripe_payment_method_id = method.stripe_payment_method_id or None
    row.type, row.brand, row.last_four = method.type, method.brand, method.last_four
    row.expires_month, row.expires_year = method.expires_month, method.expires_year


def intent_status(attempt: PaymentAttempt | None, invoice: Invoice) -> str | None:
    """How the last attempt stands; None where the invoice has changed since the attempt was read."""
    is_current = attempt is not None and attempt.invoice_revision >= invoice.revision
    return attempt.intent_status if attempt is not None and is_current else None


def attempts_of(session: Session, account_id: int, invoice_ids: Sequence[str]) -> dict[str, PaymentAttempt]:
    """The stored attempts, by Stripe's id of the invoice."""
    found = session.scalars(
        select(PaymentAttempt).where(
            PaymentAttempt.processor_account_id == account_id, PaymentAttempt.stripe_invoice_id.in_(invoice_ids)
        )
    )
    return {one.stripe_invoice_id: one for one in found}
