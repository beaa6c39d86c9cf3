"""Rows of a comparison: what was expected, what was seen, and what a difference means.

A row has `key`, `title`, `expected`, `seen` and `result`. Where they differ it also has `why`, `meaning` and perhaps
`link`; `subject` and `difference` (minor units) tell that a later row differs for the same cause.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from billingportal.domain.common.dates import day
from billingportal.models.rehearsal.rehearsal_step import StepVerdict
from billingportal.money import Money
from billingportal.plain_json import Json, JsonObject

CheckResult = Literal["equal", "differs", "not_yet_equal", "left_out"]


def check(
    key: str, title: str, expected: str, seen: str, *, why: str = "", meaning: str = "", subject: str = ""
) -> JsonObject:
    """Compare two texts. Without a `subject`, a later row that shows the same differs for the same cause."""
    row: JsonObject = {"key": key, "title": title, "expected": expected, "seen": seen, "subject": subject or seen}
    if expected == seen:
        return {**row, "result": "equal"}
    return {**row, "result": "differs", "why": why, "meaning": meaning}


def check_money(
    key: str, title: str, expected: Money, seen: Money, *, why: str = "", meaning: str = "", subject: str = ""
) -> JsonObject:
    """Compare two amounts to the minor unit."""
    said = meaning
    if not said and expected.currency == seen.currency and expected != seen:
        side = "more" if seen.minor > expected.minor else "less"
        said = f"A client would pay {Money(abs(seen.minor - expected.minor), seen.currency)} {side} than promised."
    row = check(key, title, str(expected), str(seen), why=why, meaning=said, subject=subject)
    return {**row, "difference": seen.minor - expected.minor}


def left_out(key: str, title: str, reason: str, *, expected: str = "", seen: str = "") -> JsonObject:
    """A row that was not compared, and why."""
    return {"key": key, "title": title, "expected": expected, "seen": seen, "result": "left_out", "why": reason}


def not_yet(row: JsonObject, why: str) -> JsonObject:
    """A difference that time may end: Stripe counts with a delay that it does not name."""
    return row if row["result"] == "equal" else {**row, "result": "not_yet_equal", "why": why}


def with_link(rows: Sequence[JsonObject], link: str) -> list[JsonObject]:
    """The rows that differ with a link to what was seen at Stripe."""
    return [{**row, "link": link} if row["result"] == "differs" and not row.get("link") else row for row in rows]


def excused(rows: Sequence[JsonObject], earlier: Sequence[Json], step: str = "") -> list[JsonObject]:
    """The rows, with differences that an earlier step has shown already left out.

    A difference is known by its cause and subject, and with it what follows from it in the same step.
    """
    known = {
        (cause_of(row), row.get("subject"))
        for row in earlier
        if isinstance(row, dict) and row.get("result") == "differs" and row.get("subject")
    }
    differing = [row for row in rows if row["result"] == "differs"]
    excusable = [row for row in differing if (cause_of(row), row.get("subject")) in known]
    causes = {str(row["key"]) for row in excusable}
    excusable += [row for row in differing if FOLLOWS.get(str(row["key"]), set()) & causes]
    why = "An earlier step shows this difference already."
    return [{**row, "result": "left_out", "why": why} if row in excusable else row for row in rows]


def cause_of(row: JsonObject) -> Json:
    """What a price bills is one cause, in whatever row it shows; else the row's key."""
    return "billing" if row["key"] in BILLING else row["key"]


def ends_life(rows: Sequence[JsonObject]) -> str | None:
    """The title of a difference after which nothing can be compared: dates and items are not those of this life."""
    return next((str(row["title"]) for row in rows if row["result"] == "differs" and row["key"] in BASIC), None)


BILLING = ("invoice.line", "preview.line", "meter.definition", "meter_total")
BASIC = ("subscription", "items", "currency", "period", "trial")
# What follows from another row of the same step.
FOLLOWS = {
    "access": {"status", "ladder"},
    "ladder": {"status"},
    "invoice.discount": {"invoice.line"},
    "invoice.total": {"invoice.line", "invoice.discount", "invoice.tax"},
}


def verdict_of(rows: Sequence[JsonObject]) -> StepVerdict:
    """Failed where something differs; not provable where something could not be compared yet, or nothing was."""
    results = {row["result"] for row in rows}
    if "differs" in results:
        return "failed"
    return "not_provable" if "not_yet_equal" in results or not results - {"left_out"} else "passed"


def moment_words(moment: datetime | None) -> str:
    """A time to the minute, in UTC."""
    return f"{day(moment)}, {moment:%H:%M}" if moment is not None else "none"


def span_words(starts_at: datetime, ends_at: datetime) -> str:
    return f"{moment_words(starts_at)} to {moment_words(ends_at)}"
