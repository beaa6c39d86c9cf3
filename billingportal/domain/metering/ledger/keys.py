"""Finds what differs in the ledger, the most urgent first, without reading the events themselves."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, case, exists, false, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from billingportal.models import ClientMeter, MeterDay, MeterEvent
from billingportal.models.metering.meter_event import TO_LOOK_AT, UNSENT, MeterEventState

Kind = Literal["missing", "rejected", "more", "late", "held", "doubt"]
# By urgency.
KINDS: tuple[Kind, ...] = ("missing", "rejected", "more", "late", "held", "doubt")
KIND_OF_STATE: dict[MeterEventState, Kind] = {"rejected": "rejected", "too_late": "late", "in_doubt": "doubt"}
# Of each kind. Beyond it a page says "more than".
MOST = 50


@dataclass(frozen=True)
class Scope:
    """The accounts of one mode; one client's rows only, and one day's, where they are given."""

    account_ids: tuple[int, ...]
    client_id: int | None = None
    client_meter_ids: tuple[int, ...] | None = None
    day: date | None = None


@dataclass(frozen=True)
class DifferenceKey:
    """`value` is the sum of the events' values, or how many units Stripe has more (negative: less). `day` is the first
    one where it is about several. `since` is real time, None where it is not known."""

    kind: Kind
    client_meter_id: int
    day: date
    period_starts_at: datetime
    value: int
    count: int = 0
    reason: str | None = None
    problem: str = ""
    since: datetime | None = None


def find_keys(session: Session, scope: Scope) -> list[DifferenceKey]:
    """What differs, the most urgent first: at most so many of each kind as `MOST` says, and one more."""
    alarms = alarm_keys(session, scope)
    missing = {(key.client_meter_id, key.day) for key in alarms if key.kind == "missing"}
    others = [
        key
        for key in event_keys(session, scope)
        if key.kind != "doubt" or (key.client_meter_id, key.day) not in missing
    ]
    held = held_keys(session, scope) if scope.day is None else []
    return sorted([*alarms, *others, *held], key=lambda key: KINDS.index(key.kind))


def alarm_keys(session: Session, scope: Scope) -> list[DifferenceKey]:
    """The days on which Stripe's total differs. A day with two periods is one."""
    rows = session.scalars(
        select(MeterDay)
        .join(ClientMeter, ClientMeter.id == MeterDay.client_meter_id)
        .where(MeterDay.differs_since.is_not(None), *conditions(scope, MeterDay.day))
        .order_by(MeterDay.differs_since, MeterDay.id)
        .limit(2 * MOST + 2)
    ).all()
    found = {(row.client_meter_id, row.day): row for row in rows}
    return [
        DifferenceKey(
            "missing" if row.differs_by < 0 else "more",
            row.client_meter_id,
            row.day,
            row.period_starts_at,
            row.differs_by,
            since=row.differs_since,
        )
        for row in found.values()
    ][: MOST + 1]


def event_keys(session: Session, scope: Scope) -> list[DifferenceKey]:
    """Events that staff has to look at, by day. What was billed otherwise is done."""
    place = (MeterEvent.client_meter_id, MeterEvent.day, MeterEvent.period_starts_at, MeterEvent.state)
    wanted = (
        select(
            *place,
            func.sum(MeterEvent.value),
            func.count(),
            func.min(MeterEvent.reason),
            func.min(MeterEvent.problem),
            func.min(MeterEvent.prepared_at),
        )
        .join(ClientMeter, ClientMeter.id == MeterEvent.client_meter_id)
        .where(
            TO_LOOK_AT,
            MeterEvent.state != "cancelling",
            MeterEvent.billed_stripe_item_id.is_(None),
            *conditions(scope, MeterEvent.day),
        )
        .group_by(*place)
        .order_by(MeterEvent.state, func.min(MeterEvent.id))
        .limit(3 * MOST + 3)
    )
    return [
        DifferenceKey(KIND_OF_STATE[state], row_id, day, period, int(value), count, reason, problem or "", since)
        for row_id, day, period, state, value, count, reason, problem, since in session.execute(wanted)
    ]


def held_keys(session: Session, scope: Scope) -> list[DifferenceKey]:
    """What waits for a Stripe customer, of each client and meter."""
    waits = exists().where(MeterEvent.client_meter_id == ClientMeter.id, UNSENT, MeterEvent.state == "waiting")
    ids = session.scalars(
        select(ClientMeter.id).where(waits, *conditions(scope)).order_by(ClientMeter.id).limit(MOST + 1)
    ).all()
    rows = session.execute(
        select(
            MeterEvent.client_meter_id,
            func.min(MeterEvent.day),
            func.min(MeterEvent.period_starts_at),
            func.sum(MeterEvent.value),
            func.count(),
            func.min(MeterEvent.prepared_at),
        )
        .where(MeterEvent.client_meter_id.in_(ids), UNSENT, MeterEvent.state == "waiting")
        .group_by(MeterEvent.client_meter_id)
        .order_by(MeterEvent.client_meter_id)
    )
    return [
        DifferenceKey("held", row_id, day, period, int(value), count, since=since)
        for row_id, day, period, value, count, since in rows
    ]


def conditions(scope: Scope, day: InstrumentedAttribute[date] | None = None) -> list[ColumnElement[bool]]:
    """SQL conditions: the rows of this scope.

    An account has thousands of clients. A CASE keeps SQLite from reading them all first, by the account's index.
    """
    is_of_mode = case((ClientMeter.processor_account_id.in_(scope.account_ids), true()), else_=false())
    found: list[ColumnElement[bool]] = [is_of_mode]
    if scope.client_id is not None:
        found.append(ClientMeter.client_id == scope.client_id)
    if scope.client_meter_ids is not None:
        found.append(ClientMeter.id.in_(scope.client_meter_ids))
    if scope.day is not None and day is not None:
        found.append(day == scope.day)
    return found
