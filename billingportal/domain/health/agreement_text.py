"""Agreement with Stripe in one sentence, and what stands behind it."""

from datetime import datetime

from billingportal.clock import now
from billingportal.domain.common.dates import time_of_day
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.agreement import Agreement


def headline(agreed: Agreement) -> str:
    """What pages, navigation and the doctor say. "Everything agrees" only when it was checked to its end."""
    if agreed.state == "unconnected":
        return "Nothing to compare yet"
    if agreed.state == "unknown":
        return "We can’t say right now"
    if agreed.state == "findings":
        return counted(agreed.total, "findings") + money_words(agreed)
    rest = "Everything else" if agreed.snoozed else "Everything"
    return f"{rest} agrees with Stripe as of {as_of_words(agreed.as_of)}"


def money_words(agreed: Agreement) -> str:
    about_money = agreed.counts.get("money", 0)
    return f", {about_money} about money" if about_money else ""


def detail(agreed: Agreement) -> str:
    """One or two sentences below the headline."""
    if agreed.state == "unconnected":
        return "Connect Stripe first. The portal then compares itself with it around the clock."
    if agreed.state == "unknown":
        return unknown_words(agreed)
    said = [rest_words(agreed)]
    if agreed.state == "green" and (notes := agreed.counts.get("note", 0)):
        said.append(f"{counted(notes, 'notes')} below.")
    if agreed.snoozed:
        said.append(f"{counted(agreed.snoozed, 'findings')} snoozed.")
    return " ".join(said)


def rest_words(agreed: Agreement) -> str:
    """How far the checks reach."""
    if agreed.state == "green":
        return f"{counted(len(agreed.checks), 'checks')}, each finished and none overdue."
    if agreed.unknown:
        number = counted(len(agreed.unknown), "checks")
        return f"{number} couldn’t be finished, so we can’t say whether everything else agrees."
    return f"Everything else agrees with Stripe as of {as_of_words(agreed.as_of)}."


def unknown_words(agreed: Agreement) -> str:
    number = counted(len(agreed.unknown), "checks")
    if len(agreed.unknown) == len(agreed.checks):
        return f"{number} couldn’t be finished, so nothing is known to agree."
    return f"{number} couldn’t be finished. What was checked agrees with Stripe, as of {as_of_words(agreed.as_of)}."


def as_of_words(moment: datetime | None) -> str:
    return "" if moment is None else time_of_day(moment, now().date())
