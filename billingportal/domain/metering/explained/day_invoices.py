"""The invoice that bills what was used on one day."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import ClientCustomer, ClientMeter, Invoice, InvoiceLine, Price


def invoice_of_day(session: Session, meter: ClientMeter, day: date) -> Invoice | None:
    """The newest invoice of the client with lines of this meter for the UTC day; None while there is none."""
    midnight = datetime.combine(day, time(), UTC)
    return session.scalars(
        select(Invoice)
        .join(
            ClientCustomer,
            (ClientCustomer.processor_account_id == Invoice.processor_account_id)
            & (ClientCustomer.stripe_customer_id == Invoice.stripe_customer_id),
        )
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .join(
            Price,
            (Price.processor_account_id == Invoice.processor_account_id)
            & (Price.stripe_price_id == InvoiceLine.stripe_price_id),
        )
        .where(
            ClientCustomer.client_id == meter.client_id,
            Invoice.processor_account_id == meter.processor_account_id,
            Invoice.deleted_at.is_(None),
            Invoice.status != "void",
            Price.stripe_meter_id == meter.stripe_meter_id,
            InvoiceLine.starts_at < midnight + timedelta(days=1),
            InvoiceLine.ends_at > midnight,
        )
        .order_by(Invoice.created_at.desc(), Invoice.id.desc())
        .limit(1)
    ).one_or_none()
