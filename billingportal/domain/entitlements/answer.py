"""What the host platform is told about a client: what it may use, how much is left, and why.

The answer and its tag come from one statement. The tag is made of everything that the answer depends on, so it changes
exactly when the answer changes.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.plain_sql import dialect_of
from billingportal.domain.common.references import Ref, public_id
from billingportal.domain.entitlements.answer_parts.resource_answer import ResourceAnswer
from billingportal.domain.entitlements.answer_parts.statements import ANSWER, COUNTERS, PLAN, TAG, Named
from billingportal.domain.usage import current_use, pool
from billingportal.domain.usage.counting.references import lock_clients
from billingportal.domain.usage.periods import Period, period_in
from billingportal.models.connection.processor_account import Mode
from billingportal.models.rehearsal.visibility import shows_rehearsals
from billingportal.plain_json import Json, JsonObject

UPGRADE_PATH = "/portal/billing/plan"
Columns = Row[*tuple[object, ...]]


@dataclass(frozen=True)
class Whose:
    """The client whose entitlements are asked for, by a reference to it or to one of its workspaces."""

    kind: str
    ref: Ref

    @property
    def named(self) -> Named:
        by_client: tuple[Named, Named] = ("client_id", "client_external_id")
        by_workspace: tuple[Named, Named] = ("workspace_id", "workspace_external_id")
        names = by_client if self.kind == "client" else by_workspace
        return names[self.ref.id is None]

    @property
    def name(self) -> int | str | None:
        return self.ref.external_id if self.ref.id is None else self.ref.id


@dataclass(frozen=True)
class Tag:
    """A strong entity tag. `is_stale`: a period has ended, and the next one was not begun (see `begin_periods`).

    `clock_time` is the client's present on a Stripe test clock.
    """

    client_id: int
    text: str
    is_stale: bool
    clock_time: datetime | None


@dataclass(frozen=True)
class Entitlements:
    """The answer with its tag."""

    tag: Tag
    document: JsonObject


def read_tag(database: Database, mode: Mode, whose: Whose, base_url: str) -> Tag | None:
    """The tag of the answer by one statement, or None when there is no such client or workspace."""
    moment = now()
    statement = TAG[dialect_of(database), whose.named]
    row = database.execute(statement, asked(database, mode, whose, moment)).first()
    return None if row is None else tag_of(row, moment, base_url)


def read_answer(database: Database, mode: Mode, whose: Whose, base_url: str) -> Entitlements | None:
    """The answer by one statement, or None when there is no such client or workspace."""
    moment = now()
    statement = ANSWER[dialect_of(database), whose.named]
    row = database.execute(statement, asked(database, mode, whose, moment)).first()
    if row is None:
        return None
    return Entitlements(tag_of(row, moment, base_url), document_of(row, moment, base_url))


def asked(database: Database, mode: Mode, whose: Whose, moment: datetime) -> dict[str, object]:
    shows = shows_rehearsals(database)
    return {"mode": mode, "name": whose.name, "now": moment, "shows_rehearsals": shows}


def entitlements_answer(database: Database, mode: Mode, client_id: int, *, base_url: str) -> JsonObject:
    """The answer about a client that is known to be there."""
    found = read_answer(database, mode, Whose("client", Ref(id=client_id)), base_url)
    if found is None:
        raise LookupError(client_id)
    return found.document


def plan_of_client(database: Database, client_id: int) -> JsonObject | None:
    """The plan that applies to the client."""
    row = database.execute(PLAN, {"client_id": client_id}).first()
    return None if row is None else {"key": row.key, "name": row.name}


def begin_periods(database: Database, mode: Mode, tag: Tag) -> None:
    """Count in the present periods of the client and of the pools, where a tag is stale."""
    lock_clients(database, [tag.client_id])
    due = database.execute(COUNTERS, {"client_id": tag.client_id})
    clocks = {} if tag.clock_time is None else {tag.client_id: tag.clock_time}
    current_use.refresh(database, {(tag.client_id, row.resource_id) for row in due}, clocks)
    pool.begin_due_months(database, mode)


def tag_of(head: Columns, moment: datetime, base_url: str) -> Tag:
    period = period_of(head, moment)
    pools = sorted(json.loads(head.pools_remaining or "[]"))
    counted = (head.revision, head.use_revision, pools, head.plan_name)
    listed = (head.resource_count, head.resource_created_at)
    said = repr((head.client_id, counted, listed, period.starts_at, period.ends_at, period.source, base_url))
    text = hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
    present = head.clock_time or moment
    is_counted = head.counted_until is None or head.counted_until > present
    is_pooled = head.pooled_until is None or head.pooled_until > moment
    return Tag(head.client_id, f'"{text}"', not (is_counted and is_pooled), head.clock_time)


def period_of(head: Columns, moment: datetime) -> Period:
    """The period of the client's counters, by the stored periods before and after the client's present."""
    stored = [] if head.starts_at is None else [Period(head.starts_at, head.ends_at, head.period_source)]
    if head.next_starts_at is not None:
        stored.append(Period(head.next_starts_at, head.next_starts_at, "subscription"))
    return period_in(stored, head.clock_time or moment)


def document_of(head: Columns, moment: datetime, base_url: str) -> JsonObject:
    period = period_of(head, moment)
    changed = [one for one in (head.changed_at, head.used_at) if one is not None]
    return {
        "client": public_id("client", head.client_id),
        "plan": None if head.plan_name is None else {"key": head.plan_key, "name": head.plan_name},
        "standing": head.standing or "free",
        "access": head.access or "limited",
        "period": {"start": text_of(period.starts_at), "end": text_of(period.ends_at), "source": period.source},
        "as_of": text_of(max(changed, default=moment)),
        "revision": (head.revision or 0) + int(head.use_revision or 0),
        "upgrade_url": base_url + UPGRADE_PATH,
        "reasons": json.loads(head.reasons or "[]"),
        "resources": resources_of(head),
    }


def resources_of(head: Columns) -> list[Json]:
    """By position, then by id: no two have the same, so that nothing else is compared."""
    is_open = head.access == "full"
    return [ResourceAnswer(*row).to_json(is_open=is_open) for row in sorted(json.loads(head.resources or "[]"))]


def text_of(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
