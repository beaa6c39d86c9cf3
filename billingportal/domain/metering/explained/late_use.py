"""Meter events that should be on an invoice and are not: too late, rejected, let go, or not sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from billingportal.domain.metering.explained.windows import Window
from billingportal.models import MeterEvent
from billingportal.models.metering.meter_event import MeterEventState

MISSING: tuple[MeterEventState, ...] = ("too_late", "rejected", "let_go", "in_doubt", "waiting", "due")


@dataclass(frozen=True)
class LateUse:
    """Units in one state. `is_billed`: staff billed them afterwards, as an invoice item."""

    state: MeterEventState
    is_billed: bool
    units: int
    first_on: date
    last_on: date


def late_use(session: Session, window: Window) -> Sequence[LateUse]:
    """By state, the most units first. An event that was sent again under another identifier does not count."""
    if not window.meters:
        return ()
    return late_level(session, window) if window.is_level else late_sums(session, window)


def late_sums(session: Session, window: Window) -> Sequence[LateUse]:
    is_billed = MeterEvent.billed_stripe_item_id.is_not(None)
    rows = session.execute(
        select(
            MeterEvent.state, is_billed, func.sum(MeterEvent.value), func.min(MeterEvent.day), func.max(MeterEvent.day)
        )
        .where(is_of(window), MeterEvent.state.in_(MISSING))
        .group_by(MeterEvent.state, is_billed)
    )
    found = [LateUse(state, bool(billed), int(units), first, last) for state, billed, units, first, last in rows]
    return sorted((one for one in found if one.units), key=lambda one: -abs(one.units))


def late_level(session: Session, window: Window) -> Sequence[LateUse]:
    """Of a current total the newest level counts, so only that one can be missing."""
    newest = session.scalar(
        select(MeterEvent)
        .where(is_of(window), MeterEvent.state.not_in(("cancelled", "cancelling")))
        .order_by(MeterEvent.at.desc(), MeterEvent.id.desc())
        .limit(1)
    )
    if newest is None or newest.state not in MISSING:
        return ()
    return (LateUse(newest.state, newest.billed_stripe_item_id is not None, newest.value, newest.day, newest.day),)


def is_of(window: Window) -> ColumnElement[bool]:
    """SQL condition: the client's events that count in the window."""
    mine = MeterEvent.client_meter_id.in_([one.id for one in window.meters])
    resent = aliased(MeterEvent)
    again = select(resent.id).where(
        resent.client_meter_id == MeterEvent.client_meter_id, resent.replaces_id == MeterEvent.id
    )
    return and_(
        mine,
        MeterEvent.day.between(window.starts_at.date(), window.ends_at.date()),
        MeterEvent.at >= window.starts_at,
        MeterEvent.at < window.ends_at,
        ~again.exists(),
    )
