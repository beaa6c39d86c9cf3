"""The meter events that a difference is about, and those of them that may be sent once more."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.metering.ledger.asks import siblings
from billingportal.domain.metering.ledger.contributions import contributions, newest_of_each, takes_newest, total
from billingportal.domain.metering.ledger.differences import Difference
from billingportal.domain.metering.ledger.keys import Kind
from billingportal.domain.metering.ledger.subsets import any_subset
from billingportal.models import ClientCustomer, Customer, Meter, MeterEvent
from billingportal.models.metering.meter_event import TO_LOOK_AT, UNCONFIRMED, MeterEventState

# Stripe knows an identifier for a day at least. Until then it tells a repeat itself.
FORGOTTEN = timedelta(hours=24)
# By Stripe's codes: where the portal can see whether the cause was mended, and where it cannot be.
NO_CUSTOMER = "meter_event_customer_not_found"
NO_METER = ("archived_meter", "no_meter")
TOO_EARLY = "timestamp_in_future"
NEVER = ("timestamp_too_far_in_past", "meter_event_value_too_many_digits")
SEEN = (NO_CUSTOMER, *NO_METER, TOO_EARLY)
STATES: dict[Kind, MeterEventState] = {"rejected": "rejected", "late": "too_late", "doubt": "in_doubt"}


def concerned(session: Session, difference: Difference) -> list[MeterEvent]:
    """The events that a difference is about. Of what is missing, as many as are missing: which ones is no matter, as
    long as their sum is right. Empty where no events have this sum, and where the units are somebody else's."""
    key, owner = difference.key, difference.owner
    if key.kind == "missing":
        return missing(owner.meter, unconfirmed(session, difference), difference.units)
    if key.kind not in STATES:
        return []
    mine = select(MeterEvent).where(
        TO_LOOK_AT,
        MeterEvent.client_meter_id == key.client_meter_id,
        MeterEvent.day == key.day,
        MeterEvent.period_starts_at == key.period_starts_at,
        MeterEvent.state == STATES[key.kind],
        MeterEvent.billed_stripe_item_id.is_(None),
    )
    return list(session.scalars(mine.order_by(MeterEvent.id)))


def unconfirmed(session: Session, difference: Difference) -> list[MeterEvent]:
    """The day's events that no total has confirmed, of all rows of the client and the meter."""
    ids = [one.id for one in siblings(session, difference.owner.row)]
    found = select(MeterEvent).where(
        UNCONFIRMED,
        MeterEvent.client_meter_id.in_(ids),
        MeterEvent.day == difference.key.day,
        MeterEvent.state != "cancelling",
        MeterEvent.billed_stripe_item_id.is_(None),
    )
    return list(session.scalars(found.order_by(MeterEvent.id)))


def missing(meter: Meter, events: Sequence[MeterEvent], units: int) -> list[MeterEvent]:
    """Events of so many units; those that got no answer first. Of levels and windows, the newest ones."""
    if takes_newest(meter):
        return newest_of_each(meter, events)
    adds = contributions(meter, events)
    doubtful = [event for event in events if event.state == "in_doubt"]
    if doubtful and total(adds, doubtful) == units:
        return doubtful
    ordered = [*doubtful, *(event for event in events if event.state != "in_doubt")]
    return any_subset([(event, adds[event.id]) for event in ordered], units) or []


def resendable(
    session: Session, difference: Difference, events: Sequence[MeterEvent], moment: datetime
) -> list[MeterEvent]:
    """Those of a difference's events that may be sent once more, under new identifiers: missing ones that are older
    than a day, and rejected ones whose cause was mended. Empty where their period is closed: Stripe bills them no more.
    """
    if not difference.is_open or difference.key.kind not in ("missing", "rejected"):
        return []
    if difference.key.kind == "missing":
        is_old = all((one.first_sent_at or one.sent_at or moment) <= moment - FORGOTTEN for one in events)
        return list(events) if is_old else []
    return [event for event in events if is_mended(session, difference, event, moment)]


def is_mended(session: Session, difference: Difference, event: MeterEvent, moment: datetime) -> bool:
    """Whether Stripe would take the event now. What the portal cannot see is for staff to say."""
    if event.reason in NO_METER:
        return difference.owner.meter.status == "active"
    if event.reason == TOO_EARLY:
        return event.at <= moment
    if event.reason == NO_CUSTOMER:
        return has_customer(session, difference, event)
    return event.reason not in NEVER


def has_customer(session: Session, difference: Difference, event: MeterEvent) -> bool:
    """Whether the client has a customer that was not deleted, and not the one that Stripe did not find."""
    row = difference.owner.row
    mine = (ClientCustomer.client_id == row.client_id) & (
        ClientCustomer.processor_account_id == row.processor_account_id
    )
    found = session.scalar(
        select(Customer.stripe_customer_id)
        .join(
            ClientCustomer,
            (ClientCustomer.processor_account_id == Customer.processor_account_id)
            & (ClientCustomer.stripe_customer_id == Customer.stripe_customer_id),
        )
        .where(mine, Customer.deleted_at.is_(None))
    )
    return found is not None and found != event.stripe_customer_id
