"""Which use a block of metered lines bills: whose, of what, and from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.domain.metering.counted.segments import REACH
from billingportal.domain.metering.counted.segments import start_of as midnight
from billingportal.domain.metering.explained.blocks import Block
from billingportal.domain.usage.counting.sums import day_of
from billingportal.models import ClientMeter, Invoice, InvoiceLine, PlanPrice, Price, Resource


@dataclass(frozen=True)
class Window:
    """The use in `[starts_at, ends_at)`, in the client's time."""

    client_id: int
    meters: Sequence[ClientMeter]
    resources: Sequence[Resource]
    starts_at: datetime
    ends_at: datetime

    @property
    def is_level(self) -> bool:
        """Whether the level at the end counts, instead of a sum."""
        return any(one.kind == "gauge" for one in self.resources)


def window_of(session: Session, client_id: int, invoice: Invoice, block: Block) -> Window | None:
    """The use that the block bills; None where no resource is known to be counted by its meter."""
    if block.price is None or block.price.stripe_meter_id is None:
        return None
    meters = meters_of(session, client_id, invoice, block, block.price)
    resources = resources_of(session, meters, block.price)
    if not resources:
        return None
    starts_at = earlier_end(session, invoice, block) or start_of(block, meters)
    return Window(client_id, meters, resources, starts_at, max(starts_at, end_of(block, meters)))


def meters_of(session: Session, client_id: int, invoice: Invoice, block: Block, price: Price) -> Sequence[ClientMeter]:
    """The client's meters that counted for this subscription in the block's period."""
    return session.scalars(
        select(ClientMeter)
        .where(
            ClientMeter.client_id == client_id,
            ClientMeter.processor_account_id == price.processor_account_id,
            ClientMeter.stripe_meter_id == price.stripe_meter_id,
            ClientMeter.begins_at < block.ends_at,
            or_(ClientMeter.ends_at.is_(None), ClientMeter.ends_at > block.starts_at),
            or_(
                ClientMeter.stripe_subscription_id.is_(None),
                ClientMeter.stripe_subscription_id == invoice.stripe_subscription_id,
            ),
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


def start_of(block: Block, meters: Sequence[ClientMeter]) -> datetime:
    """Since when use counts in the block's period."""
    return min((start_by(one, block) for one in meters), default=block.starts_at)


def start_by(meter: ClientMeter, block: Block) -> datetime:
    """The period's start, or when the meter began to count for the client.

    The subscription's first period also has what was used in the days before it and waited for a customer at Stripe.
    """
    billed_from = meter.billed_from
    if billed_from is None or not block.starts_at <= billed_from < block.ends_at or meter.begins_at >= billed_from:
        return max(block.starts_at, meter.begins_at)
    return max(meter.begins_at, midnight(day_of(billed_from - REACH)))


def end_of(block: Block, meters: Sequence[ClientMeter]) -> datetime:
    """The period's end, or when another meter took over."""
    ends = [one.ends_at or block.ends_at for one in meters]
    return min(block.ends_at, max(ends, default=block.ends_at))


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
