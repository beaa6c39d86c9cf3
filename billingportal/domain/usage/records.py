"""Takes records of the host platform: each once for ever, whatever else comes with it.

The records are counted in the transaction that stores them. A batch costs a handful of statements. Locks are taken in
one order everywhere: workspaces, clients, records by key, totals and days, `client_usage`, pools, entitlements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.usage import current_use
from billingportal.domain.usage.counting import pool_use
from billingportal.domain.usage.counting.checks import Meant, Named, find_named, understand
from billingportal.domain.usage.counting.record_rows import (
    Record,
    insert_records,
    reserve_ids,
    stored_records,
)
from billingportal.domain.usage.counting.scopes import Pair, Scope, scopes_of
from billingportal.domain.usage.counting.sum_rows import write_sums
from billingportal.domain.usage.counting.sums import Sums
from billingportal.domain.usage.counting.use_rows import Use
from billingportal.domain.usage.periods import Period, period_in, stored_periods
from billingportal.domain.usage.reports import ClockTimes, Reason, Report, Result, Taken, no_clocks
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class Answer:
    """What became of one report."""

    meant: Meant
    result: Result
    reason: Reason | None = None


def take_records(
    database: Database, mode: Mode, reports: Sequence[Report], clock_times: ClockTimes = no_clocks
) -> list[Taken]:
    """Store and count the reports; one answer for each, in their order.

    A key that was taken before is a duplicate, or refused when its content differs; it never counts twice. Records
    that are refused are not stored, and cost the others nothing. Runs in the caller's transaction.
    """
    named = find_named(database, mode, reports, clock_times)
    meant = with_scopes(database, [understand(report, named) for report in reports])
    new = new_records(database, meant)
    added = insert_records(database, mode, list(new.values()), now()) if new else 0
    unsure = {one.report.key for one in meant if added < len(new) or one.reason is not None}
    stored = stored_records(database, mode, unsure)
    accepted = {key: record for key, record in new.items() if key not in stored or stored[key].id == record.id}
    uses = count_records(database, mode, list(accepted.values()), named)
    before = {key: record for key, record in stored.items() if key not in accepted}
    return told(database, answered(meant, accepted, before), uses)


def with_scopes(database: Database, meant: list[Meant]) -> list[Meant]:
    """Refuse levels by workspace of a gauge that is reported for the whole client, and the reverse."""
    levels = [pair for one in meant if one.report.kind == "level" and one.reason is None if (pair := one.pair)]
    if not levels:
        return meant
    scopes = scopes_of(database, levels)
    checked: list[Meant] = []
    for one in meant:
        scope: Scope = "workspaces" if one.report.workspace else "client"
        is_level = one.report.kind == "level" and one.reason is None and one.pair is not None
        is_mixed = is_level and one.pair is not None and scopes.setdefault(one.pair, scope) != scope
        checked.append(replace(one, reason="mixed_scope") if is_mixed else one)
    return checked


def new_records(database: Database, meant: Sequence[Meant]) -> dict[str, Record]:
    """The records to store, by key. Of several with one key the first counts."""
    valid: dict[str, Meant] = {}
    for one in meant:
        if one.reason is None:
            valid.setdefault(one.report.key, one)
    ids = reserve_ids(database, len(valid)) if valid else ()
    return {
        key: Record(id_, key, *one.pair, one.workspace_id, one.report.amount, one.at)
        for id_, (key, one) in zip(ids, valid.items(), strict=True)
        if one.pair is not None
    }


def count_records(database: Database, mode: Mode, records: Sequence[Record], named: Named) -> dict[Pair, Use]:
    """Add new records to totals, days, levels and what clients use now; returns the latter."""
    if not records:
        return {}
    gauges = {one.id for one in named.resources.values() if one.kind == "gauge"}
    counted = [record for record in records if record.resource_id not in gauges]
    since = min((record.at for record in counted), default=named.moment)
    stored = stored_periods(database, {record.client_id for record in counted}, since) if counted else {}
    current = {one.client_id: period_in(stored.get(one.client_id, ()), named.time_of(one.client_id)) for one in counted}
    sums = Sums()
    for record in counted:
        period = current[record.client_id]
        if not period.starts_at <= record.at < period.ends_at:
            period = period_in(stored.get(record.client_id, ()), record.at)
        sums.add_quantity(record, period)
    for record in records:
        if record.resource_id in gauges:
            sums.add_level(record)
    write_sums(database, sums)
    return write_uses(database, mode, sums, current, named)


def write_uses(
    database: Database, mode: Mode, sums: Sums, current: Mapping[int, Period], named: Named
) -> dict[Pair, Use]:
    """What clients use now, and of the pools.

    A record of another period changes nothing about what they use now: it adds 0, which gives a new revision, by which
    metered billing sees it.
    """
    added: dict[Pair, tuple[Period, int]] = {}
    for (client_id, resource_id, starts_at, _), used in sums.totals.items():
        _, number = added.get((client_id, resource_id), (None, 0))
        is_current = starts_at == current[client_id].starts_at
        added[client_id, resource_id] = (current[client_id], number + used if is_current else number)
    gauges = {(client_id, resource_id) for client_id, resource_id, _, _ in sums.level_days}
    uses = current_use.add(database, added, gauges, named.clocks)
    pool_use.add_sums(database, mode, sums, {pair: uses[pair] for pair in gauges})
    return uses


def answered(meant: Sequence[Meant], accepted: Mapping[str, Record], before: Mapping[str, Record]) -> list[Answer]:
    """What became of each report, in their order."""
    answers: list[Answer] = []
    open_keys = set(accepted)
    for one in meant:
        key = one.report.key
        if key in before:
            answers.append(repeated(one, before[key]))
        elif one.reason is not None:
            answers.append(Answer(one, "refused", one.reason))
        elif key in open_keys:
            open_keys.remove(key)
            answers.append(Answer(one, "accepted"))
        else:
            answers.append(repeated(one, accepted[key]))
    return answers


def repeated(meant: Meant, record: Record) -> Answer:
    return Answer(meant, "duplicate") if is_same(meant, record) else Answer(meant, "refused", "key_reused")


def is_same(meant: Meant, record: Record) -> bool:
    """Whether a report repeats a record. What it names and is not found any more proves no difference."""
    report, resource = meant.report, meant.resource
    if report.amount != record.amount or (report.workspace is None) != (record.workspace_id is None):
        return False
    if resource is not None and resource.id != record.resource_id:
        return False
    if report.at is not None and report.at != record.at:
        return False
    if report.workspace is not None:
        return meant.workspace_id in (None, record.workspace_id)
    return meant.client_id in (None, record.client_id)


def told(database: Database, answers: Sequence[Answer], uses: dict[Pair, Use]) -> list[Taken]:
    """The answers with what the clients use now."""
    others = {one.meant.pair for one in answers if one.meant.pair is not None} - uses.keys()
    known = uses | current_use.uses_of(database, others)
    return [taken(one, known.get(one.meant.pair) if one.meant.pair else None) for one in answers]


def taken(answer: Answer, use: Use | None) -> Taken:
    key, result, reason = answer.meant.report.key, answer.result, answer.reason
    return Taken(key, result, reason, use.used, use.limit, use.over) if use else Taken(key, result, reason)
