"""Compares one stored row with Stripe's answer, and stores the answer where it is newer."""

from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.domain.sync import mirror_rows
from billingportal.domain.sync.apply import apply_fetched, change_json
from billingportal.domain.sync.object_types import ObjectType
from billingportal.domain.sync.ordering import FetchedSnapshot, StoredState, Verdict, after_fetch, judge_fetch
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.copies import Copy
from billingportal.stripe_gateway.objects.readings import Reading

# `unsure`: something else changed the row meanwhile, so the object has to be fetched.
Outcome = Literal["equal", "differed", "new", "unsure"]
# Stripe makes the links of an invoice anew for each answer.
NEW_EACH_TIME = frozenset({"hosted_invoice_url", "invoice_pdf_url"})


@dataclass(frozen=True)
class Compared:
    """`fields` are those that differed: what the row had, and what Stripe has."""

    outcome: Outcome
    fields: JsonObject = field(default_factory=dict)


def compare_row(
    session: Session, kind: ObjectType, account_id: int, copy: Copy, reading: Reading, *, is_dry_run: bool
) -> Compared:
    """Compare, and unless `is_dry_run` store what is newer. A row that became newer during the request is equal."""
    object_id = str(getattr(copy, kind.id_column))
    row = mirror_rows.read_row(session, kind, account_id, object_id)
    seen = FetchedSnapshot(copy, reading, asked_at_revision=None)
    held = row[1] if row else None
    verdict = judge_fetch(held, seen)
    if verdict is Verdict.STALE:
        return Compared("equal")
    fields = differing_fields(kind, held, copy, reading)
    if verdict is Verdict.ASK and fields:
        return Compared("unsure")
    if not is_dry_run:
        store(session, kind, account_id, row, seen)
    if not fields:
        return Compared("equal")
    return Compared("new" if held is None else "differed", fields)


def differing_fields(kind: ObjectType, held: StoredState | None, copy: Copy, reading: Reading) -> JsonObject:
    """The fields that differ, by name, each with what the row had and what Stripe has."""
    new = StoredState(copy, False, reading.as_of, reading.uncertainty_seconds, False, False, 1)
    fields = {name: pair for name, pair in change_json(kind, held, new).items() if name not in NEW_EACH_TIME}
    if held is not None and held.is_deleted:
        fields["deleted"] = [True, False]
    return fields


def store(
    session: Session,
    kind: ObjectType,
    account_id: int,
    row: tuple[int, StoredState] | None,
    seen: FetchedSnapshot,
) -> None:
    """Store the answer. A row that is equal is confirmed only: nothing that depends on it has to be worked out."""
    if row is not None and seen.copy is not None and row[1].copy == seen.copy and not row[1].is_deleted:
        confirmed = after_fetch(row[1], seen)
        if confirmed is not None:
            mirror_rows.update_knowledge(session, kind, row, confirmed)
        return
    object_id = str(getattr(seen.copy, kind.id_column))
    apply_fetched(session, kind, account_id, object_id, seen)
