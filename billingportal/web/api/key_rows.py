"""API keys as the list shows them: who made each, and whether it still works."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.models import ApiKey, Staff

# An end that is this near needs a new key.
SOON = timedelta(days=14)


@dataclass(frozen=True)
class KeyRow:
    """`ends_on` is the last day of the key, where it has one."""

    key: ApiKey
    maker: str
    severity: Severity
    words: str
    symbol: str | None
    is_active: bool
    ends_soon: bool

    @property
    def ends_on(self) -> datetime | None:
        return last_moment(self.key.expires_at) if self.key.expires_at else None


def key_rows(session: Session, keys: Sequence[ApiKey]) -> list[KeyRow]:
    """The rows in the same order, with one query for the names of the staff."""
    makers = select(Staff.id, Staff.name).where(Staff.id.in_({key.staff_id for key in keys if key.staff_id}))
    names = {row.id: row.name for row in session.execute(makers)}
    return [key_row(key, names.get(key.staff_id or 0, "")) for key in keys]


def key_row(key: ApiKey, maker: str) -> KeyRow:
    moment = now()
    state = key.state_at(moment)
    ends_soon = state == "active" and key.expires_at is not None and key.expires_at - moment <= SOON
    severity, words, symbol = look_of(key, state, ends_soon=ends_soon)
    return KeyRow(key, maker, severity, words, symbol, state == "active", ends_soon)


def look_of(key: ApiKey, state: str, *, ends_soon: bool) -> tuple[Severity, str, str | None]:
    if state == "revoked" and key.revoked_at is not None:
        return "mute", f"Revoked {day(key.revoked_at)}", "circle-x"
    if key.expires_at is None:
        return "ok", "Active", None
    ends_on = day(last_moment(key.expires_at))
    if state == "expired":
        return "mute", f"Ended {ends_on}", "clock"
    return ("warn", f"Ends {ends_on}", "clock") if ends_soon else ("ok", f"Active, ends {ends_on}", None)


def last_moment(expires_at: datetime) -> datetime:
    """A key that ends with a day ends at the first moment of the next one."""
    return expires_at - timedelta(microseconds=1)
