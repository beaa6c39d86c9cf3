"""When a client reaches its limit, in words with an icon."""

from dataclasses import dataclass
from datetime import date

from billingportal.domain.common.severity import Severity
from billingportal.domain.limit_notices.near import NearLimit
from billingportal.web.common.rendering.periods import day_words

RULES = {"block": "Blocks", "warn": "Warns", "bill": "Bills extra"}


@dataclass(frozen=True)
class Reach:
    severity: Severity
    words: str
    symbol: str | None = None
    note: str = ""


def reach_of(near: NearLimit, today: date) -> Reach:
    """Over, at the limit, or the projected day; else why there is none."""
    use, since = near.use, f" {day_words(near.since)}" if near.since else ""
    if use.used > near.quota and use.reaction == "bill":
        return Reach("info", f"Passed{since}", "receipt", cap_words(near))
    if use.used > near.quota:
        words = f"Over since{since}" if since else "Over the limit"
        return Reach("bad" if use.reaction == "block" else "warn", words)
    if use.used == near.quota:
        return Reach(
            "info" if use.reaction == "bill" else "warn", "At the limit", None, f"Since{since}" if since else ""
        )
    return coming(near, today)


def coming(near: NearLimit, today: date) -> Reach:
    reaches = near.reaches
    if reaches.on is not None:
        days = (reaches.on - today).days
        in_words = "Today" if days == 0 else f"In {days} {'day' if days == 1 else 'days'}"
        return Reach("info" if near.use.reaction == "bill" else "warn", day_words(reaches.on), "clock", in_words)
    if reaches.outcome == "falling":
        return Reach("mute", "No date", "trending-down", "Use is falling" if reaches.a_day < 0 else "Use does not grow")
    if reaches.outcome == "too_new":
        return Reach("mute", "No date yet", None, "Less than 3 days of data")
    ends_at = near.one.row.period_ends_at
    again = f"Starts again on {day_words(ends_at)}" if ends_at else "More than a year away"
    return Reach("mute", "Not in this period" if ends_at else "No date", None, again)


def cap_words(near: NearLimit) -> str:
    cap, reaches = near.use.cap, near.reaches_cap
    if cap is None:
        return "No spending cap"
    if near.use.used >= cap:
        return f"Stopped at its cap of {cap:,}"
    on = f" on {day_words(reaches.on)}" if reaches and reaches.on else ""
    return f"Cap of {cap:,}{on}"
