"""What a client reads about its limits, on its billing page and in emails. A limit that only bills is information."""

from dataclasses import dataclass, replace
from typing import Literal

from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.common.severity import Severity
from billingportal.domain.limit_notices.facts import LimitFacts

# Where the button beside it leads: to larger plans, to the spending cap, or to the details of the use.
Action = Literal["upgrade", "cap", "usage"]
GO_ON = "They keep working. Consider a larger plan."


@dataclass(frozen=True)
class LimitText:
    """`key` is that of the resource."""

    severity: Severity
    title: str
    words: str
    action: Action
    key: str = ""
    has_cap: bool = False


def client_text(about: LimitFacts) -> LimitText:
    by_reaction = {"block": blocked, "warn": warned, "bill": billed}
    text = at_cap(about) if about.stage == "cap" else by_reaction[about.use.reaction](about)
    return replace(text, key=about.resource.key, has_cap=about.use.cap is not None)


def at_cap(about: LimitFacts) -> LimitText:
    words = f"New {about.unit} are refused{about.until}. Raise the cap to go on now."
    return LimitText("warn", f"Your spending cap of {about.cap_words} is reached", words, "cap")


def blocked(about: LimitFacts) -> LimitText:
    if about.stage == "warning":
        words = sentences(f"{about.figures}.", about.pace, f"New {about.unit} are refused from there.")
        return LimitText("warn", nearly(about), words, "upgrade")
    if about.is_counter:
        refused = f"New ones are refused{about.until}, unless you upgrade."
        if about.stage == "reached":
            return LimitText("warn", used_up(about), refused, "upgrade")
        return LimitText("bad", over(about, "allows"), f"{about.figures}. {refused}", "upgrade")
    if about.stage == "reached":
        words = "You can't add any until you remove some or upgrade. What you have keeps working."
        return LimitText("warn", f"You have reached {counted(about.quota, about.unit)}", words, "upgrade")
    words = f"{about.figures}. They keep working; you can't add any. Remove {about.extra:,} or upgrade."
    return LimitText("bad", over(about, "allows"), words, "upgrade")


def warned(about: LimitFacts) -> LimitText:
    if about.stage == "warning":
        return LimitText("warn", nearly(about), sentences(f"{about.figures}.", about.pace), "upgrade")
    if about.stage == "reached":
        return LimitText("warn", used_up(about), GO_ON, "upgrade")
    return LimitText("warn", over(about, "includes"), f"{about.figures}. {GO_ON}", "upgrade")


def billed(about: LimitFacts) -> LimitText:
    paid_on = f"with your renewal on {day(about.renews_on)}" if about.renews_on else "with your next invoice"
    if about.stage == "warning":
        each = f"After that: {about.each[0].lower()}{about.each[1:]}." if about.each else "After that more is charged."
        words = sentences(f"{about.figures}.", each, "You can set a spending cap.")
        return LimitText("info", f"{about.percent}% of your included {about.unit} are used", words, "cap")
    if about.stage == "reached":
        words = f"{about.each or 'Further ones are charged'}, paid {paid_on}."
        return LimitText("info", f"Your included {about.unit} are used up", words, "cap")
    amount = f": about {about.extra_amount}" if about.extra_amount else ""
    title = f"{about.extra:,} extra {about.unit} so far{amount}"
    return LimitText("info", title, f"You pay them {paid_on}.", "usage")


def nearly(about: LimitFacts) -> str:
    return f"{about.percent}% of your {about.unit} are used"


def used_up(about: LimitFacts) -> str:
    return f"You have used all {counted(about.quota, about.unit)}"


def over(about: LimitFacts, verb: str) -> str:
    have = "have used" if about.is_counter else "have"
    return f"You {have} {counted(about.extra, about.unit)} more than your plan {verb}"


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
