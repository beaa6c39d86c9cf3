"""A client's quota usage as bars with notes, for staff and client pages."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.common.severity import Severity
from billingportal.domain.usage import totals as usage_totals
from billingportal.models import EntitledQuota

NEARLY = 80  # per cent


@dataclass(frozen=True)
class QuotaBar:
    """`quota` None is unlimited. `percent` is whole, rounded down, and above 100 when more is used than is included."""

    resource_id: int
    label: str
    unit: str
    used: int
    quota: int | None
    percent: int
    severity: Severity | None
    note: str
    is_by_hand: bool


def quota_bars(session: Session, quotas: list[EntitledQuota], client_id: int) -> list[QuotaBar]:
    """One bar per visible resource, in the order of the resources."""
    used = usage_totals.usage_of(session, client_id)
    shown = [row for row in quotas if not row.resource.is_hidden]
    ordered = sorted(shown, key=lambda row: (row.resource.position, row.resource_id))
    return [bar(row, used.get(row.resource_id, 0)) for row in ordered]


def closest(rows: list[EntitledQuota], used: dict[int, int]) -> QuotaBar | None:
    """The limited quota with the largest share used; None when no limited quota is used."""
    limited = [bar(row, used[row.resource_id]) for row in rows if row.quota is not None and used.get(row.resource_id)]
    return max(limited, key=lambda one: one.percent, default=None)


def bar(row: EntitledQuota, used: int) -> QuotaBar:
    percent = share(used, row.quota)
    severity, note = look(row, used, percent)
    return QuotaBar(
        row.resource_id,
        row.resource.name,
        row.resource.unit,
        used,
        row.quota,
        percent,
        severity,
        note,
        row.source == "override",
    )


def share(used: int, quota: int | None) -> int:
    """The used share of a quota in per cent, rounded down. Unlimited is 0; a quota of 0 is 200 once used."""
    if quota is None:
        return 0
    if quota == 0:
        return 200 if used else 0
    return used * 100 // quota


def look(row: EntitledQuota, used: int, percent: int) -> tuple[Severity | None, str]:
    """The bar's severity and note; none below NEARLY per cent."""
    if row.quota is None or percent < NEARLY:
        return None, ""
    over, unit = used - row.quota, row.resource.unit
    if over > 0 and row.reaction == "bill":
        return "info", f"{over:,} more than included. They are billed."
    if over > 0:
        more = "" if row.reaction == "warn" else f" No more {unit} can be added."
        return "bad", f"{over:,} over the quota.{more}"
    if over == 0 and row.quota:
        ends = {"block": f"No more {unit} can be added.", "warn": "More is let pass.", "bill": "More is billed."}
        return ("info" if row.reaction == "bill" else "warn"), f"Full. {ends[row.reaction]}"
    return ("warn", f"{percent}% used.") if row.quota else (None, "")
