"""Which use a block of metered lines bills: whose, of what, and from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.metering.explained.blocks import Block
from billingportal.models import ClientMeter, Invoice, InvoiceLine, PlanPrice, Price, Resource, Subscription


@dataclass(frozen=True)
class Window:
    """The use in `[starts_at, ends_at)`, in the client's time."""

    client_id: int
    meters: Sequence[ClientMeter]
    resources: Sequence[Resource]
    starts_at: datetime
    ends_at: datetime


def window_of(session: Session, client_id: int, invoice: Invoice, block: Block) -> Window | None:
    """The use that the block bills; None where no resource is known to be counted by its meter."""
    if block.price is None or block.price.stripe_meter_id is None:
        return None
    meters = meters_of(session, client_id, block.price)
    resources = resources_of(session, meters, block.price)
    if not resources:
        return None
    starts_at = start_of(session, invoice, block, meters)
    return Window(client_id, meters, resources, starts_at, block.ends_at)


def meters_of(session: Session, client_id: int, price: Price) -> Sequence[ClientMeter]:
    return session.scalars(
        select(ClientMeter)
        .where(
            ClientMeter.client_id == client_id,
            ClientMeter.processor_account_id == price.processor_account_id,
            ClientMeter.stripe_meter_id == price.stripe_meter_id,
        )
        .order_by(ClientMeter.id)
    ).all()


def resources_of(session: Session, meters: Sequence[ClientMeter], price: Price) -> Sequence[Resource]:
    """The resources that the meter counts for the client, else those whose use plans sell by this meter."""
    sold = (
        select(PlanPrice.resource_id)
        .join(
            Price,
            (Price.processor_account_id == PlanPrice.processor_account_id)
            & (Price.stripe_price_id == PlanPrice.stripe_price_id),
        )
        .where(
            PlanPrice.processor_account_id == price.processor_account_id,
            PlanPrice.role == "usage",
            Price.stripe_meter_id == price.stripe_meter_id,
        )
    )
    wanted = [one.resource_id for one in meters] or sold
    return session.scalars(select(Resource).where(Resource.id.in_(wanted)).order_by(Resource.id)).all()


def start_of(session: Session, invoice: Invoice, block: Block, meters: Sequence[ClientMeter]) -> datetime:
    """Where the same meter was billed at another price for a first part of the period, the use begins after that part.

    The first period of a subscription also has what was used before it and waited for a customer at Stripe.
    """
    billed_before = earlier_end(session, invoice, block)
    if billed_before is not None:
        return billed_before
    began = [one.begins_at for one in meters if one.begins_at < block.starts_at]
    return min(began) if began and is_first_period(session, invoice, block) else block.starts_at


def earlier_end(session: Session, invoice: Invoice, block: Block) -> datetime | None:
    """The end of the last part of the block's period for which an invoice has other lines of the meter."""
    if block.price is None or invoice.stripe_subscription_id is None:
        return None
    found: datetime | None = session.scalar(
        select(InvoiceLine.ends_at)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .join(
            Price,
            (Price.processor_account_id == Invoice.processor_account_id)
            & (Price.stripe_price_id == InvoiceLine.stripe_price_id),
        )
        .where(
            Invoice.processor_account_id == invoice.processor_account_id,
            Invoice.stripe_subscription_id == invoice.stripe_subscription_id,
            Invoice.deleted_at.is_(None),
            Invoice.status != "void",
            Price.stripe_meter_id == block.price.stripe_meter_id,
            InvoiceLine.starts_at >= block.starts_at,
            InvoiceLine.ends_at > block.starts_at,
            InvoiceLine.ends_at < block.ends_at,
        )
        .order_by(InvoiceLine.ends_at.desc())
        .limit(1)
    )
    return found


def is_first_period(session: Session, invoice: Invoice, block: Block) -> bool:
    started_at = session.scalar(
        select(Subscription.started_at).where(
            Subscription.processor_account_id == invoice.processor_account_id,
            Subscription.stripe_subscription_id == invoice.stripe_subscription_id,
        )
    )
    return started_at is not None and block.starts_at <= started_at
