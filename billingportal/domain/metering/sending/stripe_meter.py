"""A client's meter at Stripe: what is stored of the meter, whose customer it is, and which rows belong together."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billingportal.models import ClientCustomer, ClientMeter, Meter


def meter_of(session: Session, meter: ClientMeter) -> Meter | None:
    """The meter at Stripe, as it is stored; None: it was not read yet."""
    return session.scalar(
        select(Meter).where(
            Meter.processor_account_id == meter.processor_account_id, Meter.stripe_meter_id == meter.stripe_meter_id
        )
    )


def of_same_meter(row: ClientMeter) -> tuple[ColumnElement[bool], ...]:
    """What all rows of this client and Stripe meter have in common."""
    return (
        ClientMeter.client_id == row.client_id,
        ClientMeter.processor_account_id == row.processor_account_id,
        ClientMeter.stripe_meter_id == row.stripe_meter_id,
    )


def customer_of(session: Session, row: ClientMeter) -> str | None:
    """The client's Stripe customer in the meter's account."""
    return session.scalar(
        select(ClientCustomer.stripe_customer_id).where(
            ClientCustomer.client_id == row.client_id,
            ClientCustomer.processor_account_id == row.processor_account_id,
        )
    )
