"""Applies a snapshot of one object to its row, if it is newer."""

from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from sqlalchemy import Table, bindparam, select

from billingportal.db import Database
from billingportal.domain.common.evaluation_queue import mark_for
from billingportal.domain.common.invoice_line_queue import mark_lines
from billingportal.domain.sync import mirror_rows, outgoing_events
from billingportal.domain.sync import ordering as sync_ordering
from billingportal.domain.sync.object_types import ObjectType
from billingportal.domain.sync.ordering import (
    EventSnapshot,
    FetchedSnapshot,
    StoredState,
    Verdict,
    after_confirmation,
    after_event,
    after_fetch,
    after_stale,
    judge_event,
    judge_fetch,
)
from billingportal.models import StripeEvent
from billingportal.plain_json import Json, JsonObject

EVENTS = cast(Table, StripeEvent.__table__).c
EARLIER = (
    select(EVENTS.id)
    .where(EVENTS.processor_account_id == bindparam("account_id"), EVENTS.object_id == bindparam("object_id"))
    .limit(1)
)


@dataclass(frozen=True)
class Applied:
    """The outcome of a snapshot: the verdict, and each changed field with its old and new value."""

    verdict: Verdict
    changes: JsonObject = field(default_factory=dict)


def apply_event(
    database: Database, kind: ObjectType, processor_account_id: int, object_id: str, seen: EventSnapshot
) -> Applied:
    """Apply an event's snapshot to the object's row, where the event proves to be newer."""
    while True:
        row = mirror_rows.read_row(database, kind, processor_account_id, object_id)
        old = row[1] if row else None
        verdict = judge_event(old, seen)
        if row and verdict is Verdict.CONFIRM:
            mirror_rows.update_knowledge(database, kind, row, after_confirmation(row[1], seen))
        if row and verdict is Verdict.STALE:
            mirror_rows.update_knowledge(database, kind, row, after_stale(row[1]))
        if verdict is not Verdict.ABSORB:
            return Applied(verdict)
        if row is None and inbox_knows(database, processor_account_id, object_id):
            return Applied(Verdict.ASK)
        new = after_event(old, seen)
        if write_row(database, kind, processor_account_id, row, new):
            return Applied(verdict, change_json(kind, old, new))


def is_past(
    database: Database,
    kind: ObjectType,
    processor_account_id: int,
    object_id: str,
    created_at: datetime,
    *,
    is_creation: bool,
) -> bool:
    """Whether the row already reflects an event whose payload may not be used."""
    row = mirror_rows.read_row(database, kind, processor_account_id, object_id)
    if row is None or not sync_ordering.is_past(row[1], created_at, is_creation=is_creation):
        return False
    mirror_rows.update_knowledge(database, kind, row, after_stale(row[1]))
    return True


def apply_fetched(
    database: Database, kind: ObjectType, processor_account_id: int, object_id: str, seen: FetchedSnapshot
) -> Applied:
    """Apply Stripe's answer to the row, unless a newer snapshot came during the request."""
    while True:
        row = mirror_rows.read_row(database, kind, processor_account_id, object_id)
        old = row[1] if row else None
        verdict = judge_fetch(old, seen)
        if row and verdict is Verdict.STALE:
            mirror_rows.update_knowledge(database, kind, row, after_stale(row[1]))
        new = after_fetch(old, seen)
        if verdict is not Verdict.ABSORB or new is None:
            return Applied(verdict)
        if write_row(database, kind, processor_account_id, row, new):
            return Applied(verdict, change_json(kind, old, new))


def revision(database: Database, kind: ObjectType, processor_account_id: int, object_id: str) -> int | None:
    """The row's revision before a request, to be passed when the answer is applied; None when there is no row."""
    row = mirror_rows.read_row(database, kind, processor_account_id, object_id)
    return row[1].revision if row else None


def inbox_knows(database: Database, processor_account_id: int, object_id: str) -> bool:
    """Whether the inbox has an event of an object that has no row: Stripe may have reported that it is gone."""
    wanted = {"account_id": processor_account_id, "object_id": object_id}
    return database.execute(EARLIER, wanted).first() is not None


def write_row(
    database: Database,
    kind: ObjectType,
    processor_account_id: int,
    row: tuple[int, StoredState] | None,
    new: StoredState,
) -> bool:
    """Write the new state. False when another transaction added the row first: judge the snapshot again."""
    if row is None and not mirror_rows.insert_row(database, kind, processor_account_id, new):
        return False
    if row is not None:
        mirror_rows.update_row(database, kind, row[0], row[1], new)
    mark_for(database, processor_account_id, new.copy)
    mark_lines(database, processor_account_id, row[1].copy if row else None, new.copy, new.as_of)
    outgoing_events.record_change(database, processor_account_id, row[1] if row else None, new)
    return True


def change_json(kind: ObjectType, old: StoredState | None, new: StoredState) -> JsonObject:
    """The changes in plain JSON, for the event's page and the audit."""
    changed = mirror_rows.differences(kind, old.copy if old else None, new.copy)
    shown: JsonObject = {name: [plain(was), plain(is_now)] for name, (was, is_now) in changed.items()}
    if new.is_deleted and not (old and old.is_deleted):
        shown["deleted"] = [False, True]
    return shown


def plain(value: object) -> Json:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(vars(value))
    raise TypeError(f"{type(value).__name__} has no plain form")
