"""What staff read about a client's limits."""

from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.common.severity import Severity
from billingportal.domain.limit_notices.client_text import LimitText, sentences
from billingportal.domain.limit_notices.facts import LimitFacts

REACTIONS = {"block": "blocks", "warn": "warns", "bill": "bills extra"}


def staff_text(about: LimitFacts, name: str) -> LimitText:
    """`name` is the client's."""
    by_stage = {"warning": near, "reached": at_limit, "exceeded": over, "cap": at_cap}
    return by_stage[about.stage](about, name)


def near(about: LimitFacts, name: str) -> LimitText:
    plan = about.plan_name or "Its quota"
    rule = f"{plan} allows {about.quota:,} and {REACTIONS[about.use.reaction]}."
    on = about.projection.on if about.projection else None
    reaches = f"Projected to reach it on {day(on)}." if on else ""
    title = f"{name} uses {about.percent}% of its {about.unit}"
    return LimitText(severity(about), title, sentences(rule, reaches), "usage")


def at_limit(about: LimitFacts, name: str) -> LimitText:
    title = f"{name} is at its limit of {counted(about.quota, about.unit)}"
    return LimitText(severity(about), title, f"{what_happens(about)}{since(about)}.", "usage")


def over(about: LimitFacts, name: str) -> LimitText:
    title = f"{name} is over its limit of {counted(about.quota, about.unit)}"
    grave: Severity = "bad" if about.use.reaction == "block" else severity(about)
    nothing_lost = "; nothing was deleted" if about.use.reaction == "block" else ""
    over_since = f", over{since(about)}" if about.noticed_at else ""
    words = f"{about.use.used:,} now{over_since}. {what_happens(about)}{nothing_lost}."
    return LimitText(grave, title, words, "usage")


def at_cap(about: LimitFacts, name: str) -> LimitText:
    title = f"{name} reached its spending cap of {counted(about.use.cap or 0, about.unit)}"
    words = f"New ones are refused{about.until}. The client can raise the cap on its billing page."
    return LimitText("warn", title, words, "usage")


def severity(about: LimitFacts) -> Severity:
    return "info" if about.use.reaction == "bill" else "warn"


def what_happens(about: LimitFacts) -> str:
    return {"block": "New ones are refused", "warn": "More is let pass", "bill": "More is billed"}[about.use.reaction]


def since(about: LimitFacts) -> str:
    at = about.noticed_at
    return f" since {day(at)}, {at:%H:%M} UTC" if at else ""
