"""Takes records back: a report that was a mistake no longer counts, and its key stays used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.usage import current_use
from billingportal.domain.usage.counting import pool_use
from billingportal.domain.usage.counting.record_rows import Record
from billingportal.domain.usage.counting.sum_rows import write_sums
from billingportal.domain.usage.counting.sums import Sums, day_of
from billingportal.domain.usage.counting.use_rows import Use, touch
from billingportal.domain.usage.periods import period_at
from billingportal.domain.usage.reports import ClockTimes, no_clocks
from billingportal.models import Client, ClientLevel, Resource, UsageDay, UsageRecord, Workspace, WorkspaceUsage
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class TakenBack:
    """`used` and `limit` are the client's now."""

    record: UsageRecord
    use: Use


def take_back(
    session: Session, mode: Mode, key: str, because: str, clock_times: ClockTimes = no_clocks
) -> TakenBack | None:
    """Count a record no longer; None when no record has the key. One that was taken back stays as it is."""
    record = session.scalar(select(UsageRecord).where(UsageRecord.mode == mode, UsageRecord.key == key))
    if record is None:
        return None
    clients = lock_clients_of(session, record)
    session.refresh(record, with_for_update=True)
    pairs = {(client_id, record.resource_id) for client_id in clients}
    is_new, sums = record.taken_back_at is None, Sums()
    if is_new:
        record.taken_back_at, record.taken_back_because = now(), because
        session.flush()
        is_counter = session.get_one(Resource, record.resource_id).kind == "counter"
        sums = subtract(session, record) if is_counter else withdraw_level(session, record)
    uses = current_use.refresh(session, pairs, clock_times(session, sorted(clients)))
    if is_new:
        touch(session, pairs, now())  # also where it was used in another period
        pool_use.add_sums(session, mode, sums, {} if sums.days else uses)
    return TakenBack(record, uses[record.client_id, record.resource_id])


def lock_clients_of(session: Session, record: UsageRecord) -> set[int]:
    """Lock the record's client, and its workspace's, which may be another by now, against reports and changes."""
    clients = {record.client_id}
    if record.workspace_id is not None:
        found = select(Workspace.client_id).where(Workspace.id == record.workspace_id).with_for_update(read=True)
        clients.update(session.scalars(found))
    locked = select(Client.id).where(Client.id.in_(clients)).order_by(Client.id).with_for_update(key_share=True)
    session.execute(locked).all()
    return clients


def subtract(session: Session, record: UsageRecord) -> Sums:
    sums = Sums()
    less = Record(
        record.id,
        record.key,
        record.client_id,
        record.resource_id,
        record.workspace_id,
        -record.amount,
        record.at,
    )
    sums.add_quantity(less, period_at(session, record.client_id, record.at))
    write_sums(session, sums)
    return sums


def withdraw_level(session: Session, record: UsageRecord) -> Sums:
    """Put the level before in its place: on its day, on a day to which it was carried, and as the level now."""
    days = select(UsageDay).where(*same_gauge(record), UsageDay.record_id == record.id).order_by(UsageDay.day)
    for row in session.scalars(days.with_for_update()).all():
        newest = newest_record(session, record, row.client_id, row.day)
        before = None if is_own_day(row, record) else day_before(session, record, row)
        if newest is not None:
            row.used, row.measured_at, row.record_id = newest.amount, newest.at, newest.id
        elif before is not None:
            row.used, row.measured_at, row.record_id = before.used, before.measured_at, before.record_id
        else:
            session.delete(row)
        session.flush()
    withdraw_present_level(session, record)
    return Sums()


def withdraw_present_level(session: Session, record: UsageRecord) -> None:
    level = present_level(session, record)
    if level is None or level.record_id != record.id:
        return
    newest = next(iter(days_of(session, record)), None)
    if newest is None or newest.measured_at is None:
        session.delete(level)
    else:
        level.used, level.measured_at, level.record_id = newest.used, newest.measured_at, newest.record_id
    session.flush()


def present_level(session: Session, record: UsageRecord) -> WorkspaceUsage | ClientLevel | None:
    if record.workspace_id is None:
        return session.scalar(
            select(ClientLevel)
            .filter_by(client_id=record.client_id, resource_id=record.resource_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    return session.scalar(
        select(WorkspaceUsage)
        .filter_by(workspace_id=record.workspace_id, resource_id=record.resource_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def newest_record(session: Session, record: UsageRecord, client_id: int, day: date) -> UsageRecord | None:
    """The newest record of the same gauge that counts on a day of a client."""
    begins = datetime.combine(day, time(), UTC)
    found: UsageRecord | None = session.scalar(
        select(UsageRecord)
        .where(
            UsageRecord.client_id == client_id,
            UsageRecord.resource_id == record.resource_id,
            UsageRecord.workspace_id.is_not_distinct_from(record.workspace_id),
            UsageRecord.at >= begins,
            UsageRecord.at < begins + timedelta(days=1),
            UsageRecord.taken_back_at.is_(None),
        )
        .order_by(UsageRecord.at.desc(), UsageRecord.id.desc())
        .limit(1)
    )
    return found


def is_own_day(row: UsageDay, record: UsageRecord) -> bool:
    return row.client_id == record.client_id and row.day == day_of(record.at)


def day_before(session: Session, record: UsageRecord, row: UsageDay) -> UsageDay | None:
    return next((one for one in days_of(session, record) if one is not row and one.day <= row.day), None)


def days_of(session: Session, record: UsageRecord) -> Iterable[UsageDay]:
    """The days of the same gauge, the newest level first."""
    newest_first = (UsageDay.measured_at.desc(), UsageDay.record_id.desc().nulls_last(), UsageDay.day.desc())
    return session.scalars(
        select(UsageDay).where(*same_gauge(record)).order_by(*newest_first).execution_options(populate_existing=True)
    )


def same_gauge(record: UsageRecord) -> tuple[ColumnElement[bool], ...]:
    mine = (UsageDay.resource_id == record.resource_id, UsageDay.workspace_id.is_not_distinct_from(record.workspace_id))
    return mine if record.workspace_id is not None else (*mine, UsageDay.client_id == record.client_id)
