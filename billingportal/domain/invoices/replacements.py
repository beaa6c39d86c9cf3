"""The invoice that came instead of a void one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Invoice


def replacement_of(session: Session, invoice: Invoice) -> Invoice | None:
    """The first invoice made later for the same subscription and period that was not voided too; None without one."""
    if invoice.stripe_subscription_id is None:
        return None
    return session.scalars(
        select(Invoice)
        .where(
            Invoice.processor_account_id == invoice.processor_account_id,
            Invoice.stripe_subscription_id == invoice.stripe_subscription_id,
            Invoice.id != invoice.id,
            Invoice.period_starts_at == invoice.period_starts_at,
            Invoice.period_ends_at == invoice.period_ends_at,
            Invoice.created_at >= invoice.created_at,
            Invoice.status.not_in(("void", "draft")),
            Invoice.deleted_at.is_(None),
        )
        .order_by(Invoice.created_at, Invoice.id)
        .limit(1)
    ).one_or_none()
