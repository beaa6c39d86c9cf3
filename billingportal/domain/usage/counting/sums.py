"""What a batch of records adds up to, by total, day and level.

A level is newer by the time at which it was measured, then by the id of
its record, so that the stored level does not depend on the order in which records come.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

from billingportal.domain.usage.counting.record_rows import Record
from billingportal.domain.usage.periods import Period

TotalKey = tuple[int, int, datetime, datetime]
DayKey = tuple[int, int, date, int | None]
Level = tuple[datetime, int, int]  # measured at, record id, used
Key = TypeVar("Key", bound=tuple[object, ...])


@dataclass
class Sums:
    """What a batch adds, per row of each table."""

    totals: dict[TotalKey, int] = field(default_factory=lambda: defaultdict(int))
    days: dict[DayKey, int] = field(default_factory=lambda: defaultdict(int))
    level_days: dict[DayKey, Level] = field(default_factory=dict)
    workspace_levels: dict[tuple[int, int], Level] = field(default_factory=dict)
    client_levels: dict[tuple[int, int], Level] = field(default_factory=dict)

    def add_quantity(self, record: Record, period: Period) -> None:
        self.totals[record.client_id, record.resource_id, period.starts_at, period.ends_at] += record.amount
        self.days[day_key(record)] += record.amount

    def add_level(self, record: Record) -> None:
        level = (record.at, record.id, record.amount)
        keep_newest(self.level_days, day_key(record), level)
        if record.workspace_id is None:
            keep_newest(self.client_levels, (record.client_id, record.resource_id), level)
        else:
            keep_newest(self.workspace_levels, (record.workspace_id, record.resource_id), level)


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def day_key(record: Record) -> DayKey:
    return record.client_id, record.resource_id, day_of(record.at), record.workspace_id


def keep_newest(levels: dict[Key, Level], key: Key, level: Level) -> None:
    levels[key] = max(levels.get(key, level), level)
