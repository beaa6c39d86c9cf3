"""Whether Stripe still bills what is sent for a segment: until the invoice of its period is final."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.domain.metering.counted.segments import REACH, Segment
from billingportal.models import ClientMeter, Invoice, Subscription, SubscriptionItem

# Stripe makes the invoice at the period's end and leaves it a draft for an hour, unless the account says otherwise.
DRAFT = timedelta(hours=1)


def is_open(session: Session, meter: ClientMeter, segment: Segment, moment: datetime) -> bool:
    """Whether an event of the segment can still be billed at the client's time `moment`."""
    if segment.event_time(moment) < moment - REACH:
        return False
    if meter.stripe_subscription_id is None:
        return True
    period_ends_at = segment.period.ends_at
    ends_at = period_ends_at if meter.ends_at is None else min(period_ends_at, meter.ends_at)
    if moment < ends_at:
        return True
    invoice = invoice_of(session, meter, meter.stripe_subscription_id, ends_at)
    if invoice is None:
        return moment < ends_at + DRAFT and (meter.ends_at is None or is_turn(session, meter, ends_at))
    finalizes_at = invoice.automatically_finalizes_at
    return invoice.status == "draft" and (finalizes_at is None or moment < finalizes_at)


def is_turn(session: Session, meter: ClientMeter, ends_at: datetime) -> bool:
    """Whether the subscription's period ended then by itself. A change or a cancellation within a period ends a meter
    too: Stripe has billed what it got by then, and never bills what comes afterwards.
    """
    found = session.scalar(
        select(SubscriptionItem.id)
        .join(Subscription, Subscription.id == SubscriptionItem.subscription_id)
        .where(
            Subscription.processor_account_id == meter.processor_account_id,
            Subscription.stripe_subscription_id == meter.stripe_subscription_id,
            or_(SubscriptionItem.period_ends_at == ends_at, SubscriptionItem.period_started_at == ends_at),
        )
        .limit(1)
    )
    return found is not None


def invoice_of(session: Session, meter: ClientMeter, stripe_subscription_id: str, ends_at: datetime) -> Invoice | None:
    """The invoice of the subscription's period that ended then, as it is stored."""
    return session.scalar(
        select(Invoice)
        .where(
            Invoice.processor_account_id == meter.processor_account_id,
            Invoice.stripe_subscription_id == stripe_subscription_id,
            Invoice.period_ends_at == ends_at,
            Invoice.deleted_at.is_(None),
        )
        .order_by(Invoice.created_at.desc())
        .limit(1)
    )
