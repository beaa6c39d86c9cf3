"""Meter events that should be on an invoice and are not: too late, rejected, let go, or not sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

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
    is_billed = MeterEvent.billed_stripe_item_id.is_not(None)
    resent = select(MeterEvent.replaces_id).where(MeterEvent.replaces_id.is_not(None))
    rows = session.execute(
        select(
            MeterEvent.state,
            is_billed,
            func.sum(MeterEvent.value),
            func.min(MeterEvent.day),
            func.max(MeterEvent.day),
        )
        .where(
            MeterEvent.client_meter_id.in_([one.id for one in window.meters]),
            MeterEvent.day.between(window.starts_at.date(), window.ends_at.date()),
            MeterEvent.at >= window.starts_at,
            MeterEvent.at < window.ends_at,
            MeterEvent.state.in_(MISSING),
            MeterEvent.id.not_in(resent.where(MeterEvent.client_meter_id.in_([one.id for one in window.meters]))),
        )
        .group_by(MeterEvent.state, is_billed)
    )
    found = [LateUse(state, bool(billed), int(units), first, last) for state, billed, units, first, last in rows]
    return sorted((one for one in found if one.units), key=lambda one: -abs(one.units))
