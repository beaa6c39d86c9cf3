"""The ledger by client, meter and day, in pages."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.orm import Session

from billingportal.domain.common.lists.paging import PAGE, Page, offset_of, page_within
from billingportal.domain.metering.ledger.differences import Owner, owners_of
from billingportal.domain.metering.ledger.keys import Scope, conditions
from billingportal.models import ClientMeter, MeterDay, MeterEvent
from billingportal.models.metering.meter_day import UNSENT as UNSENT_DAY
from billingportal.models.metering.meter_event import TO_LOOK_AT, UNSENT, MeterEventState

Result = Literal["differences", "waiting"]
# A page shows no more rows of all; filters and the file lead further.
MOST_ROWS = 1000
# Days whose owners and events are read at once.
PART = 500


@dataclass(frozen=True)
class Wanted:
    """What a page of the list shows. None: all of them."""

    scope: Scope
    stripe_meter_id: str | None = None
    result: Result | None = None
    page: int = 1


@dataclass(frozen=True)
class LedgerDay:
    """One UTC day of a client's meter, its periods together. `states` are the sums of the events to look at."""

    owner: Owner
    day: date
    counted: int
    sent: int
    rejected: int
    waiting: int
    at_stripe: int | None
    compared_at: datetime | None
    differs_since: datetime | None
    differs_by: int
    states: dict[MeterEventState, int] = field(default_factory=dict)


def ledger_page(session: Session, wanted: Wanted) -> Page[LedgerDay]:
    """One page, the newest days first."""
    of = session.scalar(select(func.count()).select_from(matching(wanted).limit(MOST_ROWS).subquery())) or 0
    page = page_within(wanted.page, of)
    rows = session.scalars(in_order(matching(wanted)).offset(offset_of(page)).limit(PAGE)).all()
    return Page(ledger_days(session, rows), page, of)


def all_days(session: Session, wanted: Wanted) -> Iterator[LedgerDay]:
    """Every day that matches, read in parts."""
    rows = session.scalars(in_order(matching(wanted))).all()
    for start in range(0, len(rows), PART):
        yield from ledger_days(session, rows[start : start + PART])


def one_day(session: Session, ids: Sequence[int], day: date) -> LedgerDay | None:
    """The day of a client's meter; None where nothing is known of it."""
    rows = session.scalars(select(MeterDay).where(MeterDay.client_meter_id.in_(ids), MeterDay.day == day)).all()
    return next(iter(ledger_days(session, rows)), None)


def count(session: Session, found: Select[MeterEvent]) -> int:
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def matching(wanted: Wanted) -> Select[MeterDay]:
    found = (
        select(MeterDay)
        .join(ClientMeter, ClientMeter.id == MeterDay.client_meter_id)
        .where(*conditions(wanted.scope, MeterDay.day))
    )
    if wanted.stripe_meter_id is not None:
        found = found.where(ClientMeter.stripe_meter_id == wanted.stripe_meter_id)
    return found.where(is_result(wanted.result)) if wanted.result is not None else found


def in_order(found: Select[MeterDay]) -> Select[MeterDay]:
    return found.order_by(MeterDay.day.desc(), MeterDay.client_meter_id.desc())


def is_result(result: Result) -> ColumnElement[bool]:
    """SQL condition: the day differs or has events to look at; or something of it waits to be sent."""
    if result == "waiting":
        return and_(UNSENT_DAY)
    differing = select(MeterDay.id).where(MeterDay.differs_since.is_not(None))
    to_look_at = (
        select(MeterDay.id)
        .join(
            MeterEvent,
            (MeterEvent.client_meter_id == MeterDay.client_meter_id) & (MeterEvent.day == MeterDay.day),
        )
        .where(TO_LOOK_AT, MeterEvent.state != "cancelling", MeterEvent.billed_stripe_item_id.is_(None))
    )
    return MeterDay.id.in_(union(differing, to_look_at))


def ledger_days(session: Session, rows: Sequence[MeterDay]) -> list[LedgerDay]:
    """The days of these rows, each once, with all rows of the day."""
    owners = owners_of(session, {row.client_meter_id for row in rows})
    days = {row.day for row in rows}
    parts = session.scalars(
        select(MeterDay)
        .where(MeterDay.client_meter_id.in_(owners), MeterDay.day.in_(days))
        .order_by(MeterDay.period_starts_at)
    ).all()
    states = states_of(session, owners, days)
    found: dict[tuple[int, str, date], list[MeterDay]] = {}
    for part in parts:
        found.setdefault(place_of(owners, part), []).append(part)
    shown = dict.fromkeys(place_of(owners, row) for row in rows if row.client_meter_id in owners)
    return [together(owners[found[place][-1].client_meter_id], found[place], states) for place in shown]


def place_of(owners: Mapping[int, Owner], row: MeterDay) -> tuple[int, str, date]:
    """All rows of one client, meter and day have one total at Stripe, so they are shown as one."""
    owner = owners[row.client_meter_id].row
    return owner.client_id, owner.stripe_meter_id, row.day


def states_of(
    session: Session, ids: Collection[int], days: Collection[date]
) -> dict[tuple[int, date], dict[MeterEventState, int]]:
    """The sums of the events to look at, by state: what was billed otherwise is done."""
    rows = session.execute(
        select(MeterEvent.client_meter_id, MeterEvent.day, MeterEvent.state, func.sum(MeterEvent.value))
        .where(
            MeterEvent.client_meter_id.in_(ids),
            MeterEvent.day.in_(days),
            or_(TO_LOOK_AT, UNSENT),
            MeterEvent.billed_stripe_item_id.is_(None),
        )
        .group_by(MeterEvent.client_meter_id, MeterEvent.day, MeterEvent.state)
    )
    found: dict[tuple[int, date], dict[MeterEventState, int]] = {}
    for row_id, day, state, value in rows:
        found.setdefault((row_id, day), {})[state] = int(value)
    return found


def together(
    owner: Owner, parts: Sequence[MeterDay], states: dict[tuple[int, date], dict[MeterEventState, int]]
) -> LedgerDay:
    """One day of one or several periods. Of levels, the last one counts."""
    counts = parts[-1:] if owner.meter.aggregation == "last" else parts
    newest = parts[-1]
    return LedgerDay(
        owner,
        newest.day,
        counted=sum(part.counted for part in counts),
        sent=sum(part.sent for part in counts),
        rejected=sum(part.rejected for part in parts),
        waiting=sum(part.waiting for part in parts),
        at_stripe=newest.at_stripe,
        compared_at=newest.compared_at,
        differs_since=newest.differs_since,
        differs_by=newest.differs_by,
        states=states.get((newest.client_meter_id, newest.day), {}),
    )
