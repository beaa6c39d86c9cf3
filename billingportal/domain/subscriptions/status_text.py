"""Every status of a client and of a subscription in plain words, with the kind and the icon that go with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billingportal.domain.common.dates import day
from billingportal.models import Entitlement, Subscription
from billingportal.models.entitlements.entitlement import Access, LadderStep, Standing

Tone = Literal["ok", "info", "warn", "bad", "mute"]


@dataclass(frozen=True)
class StatusWords:
    """How a status is shown: `kind` colours it, `icon` and `words` say it."""

    kind: Tone
    icon: str
    words: str


STANDINGS: dict[Standing, StatusWords] = {
    "free": StatusWords("ok", "circle-check", "Active, no subscription"),
    "comp": StatusWords("ok", "star", "Plan given by hand"),
    "waiting": StatusWords("info", "clock", "Waiting for payment"),
    "trialing": StatusWords("info", "clock", "Trial"),
    "active": StatusWords("ok", "circle-check", "Active"),
    "canceling": StatusWords("mute", "circle-x", "Active, will end"),
    "past_due": StatusWords("warn", "alert-triangle", "Past due"),
    "unpaid": StatusWords("bad", "alert-circle", "Unpaid"),
    "paused": StatusWords("mute", "player-pause", "Paused"),
    "ended": StatusWords("mute", "circle-x", "Subscription ended"),
    "suspended": StatusWords("bad", "lock", "Suspended"),
}
SUBSCRIPTIONS: dict[str, StatusWords] = {
    "incomplete": StatusWords("info", "clock", "Waiting for the first payment"),
    "incomplete_expired": StatusWords("mute", "circle-x", "Never paid, given up"),
    "trialing": StatusWords("info", "clock", "Trial"),
    "active": StatusWords("ok", "circle-check", "Active"),
    "past_due": StatusWords("warn", "alert-triangle", "Past due"),
    "unpaid": StatusWords("bad", "alert-circle", "Unpaid"),
    "canceled": StatusWords("mute", "circle-x", "Canceled"),
    "paused": StatusWords("mute", "player-pause", "Paused"),
}
STEPS: dict[LadderStep, str] = {
    "none": "",
    "grace": "Everything keeps working",
    "warned": "Warned; everything keeps working",
    "limited": "Nothing new can be made; all that is there keeps working",
    "suspended": "Suspended until the payment is made",
}
ACCESSES: dict[Access, str] = {
    "full": "Everything works",
    "limited": "Nothing new can be made; all that is there keeps working",
    "suspended": "Nothing works",
}


def standing_words(standing: Standing) -> StatusWords:
    return STANDINGS[standing]


def entitlement_words(row: Entitlement, trial_ends_at: datetime | None, moment: datetime) -> StatusWords:
    """The client's status with its day where it has one: "Trial, 5 days left", "Active, ends 14 December 2026"."""
    plain = STANDINGS[row.standing]
    if row.standing == "trialing" and trial_ends_at is not None:
        return StatusWords(plain.kind, plain.icon, f"Trial, {days_left(trial_ends_at, moment)}")
    if row.standing == "canceling" and row.until is not None:
        return StatusWords(plain.kind, plain.icon, f"Active, ends {day(row.until)}")
    return plain


def subscription_words(row: Subscription, ends_at: datetime | None, moment: datetime) -> StatusWords:
    """A subscription's status, a scheduled end included."""
    plain = SUBSCRIPTIONS.get(row.status, StatusWords("mute", "help-circle", row.status.replace("_", " ")))
    if row.status == "trialing" and row.trial_ends_at is not None:
        plain = StatusWords(plain.kind, plain.icon, f"Trial, {days_left(row.trial_ends_at, moment)}")
    if row.status in ("active", "trialing") and ends_at is not None:
        return StatusWords("mute", "circle-x", f"{plain.words}, ends {day(ends_at)}")
    if row.status == "canceled" and row.ended_at is not None:
        return StatusWords(plain.kind, plain.icon, f"Canceled, ended {day(row.ended_at)}")
    return plain


def days_left(until: datetime, moment: datetime) -> str:
    days = max((until - moment).days, 0)
    return {0: "ends today", 1: "1 day left"}.get(days, f"{days} days left")
