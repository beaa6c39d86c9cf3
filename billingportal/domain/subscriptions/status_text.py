"""Labels and severity of each client and subscription status."""

from datetime import datetime

from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.subscriptions.status import FAILING_STATUSES
from billingportal.models import Entitlement, Subscription
from billingportal.models.entitlements.entitlement import Access, LadderStep, Standing

STANDINGS: dict[Standing, StatusText] = {
    "free": StatusText("free", "ok", "Active, no subscription"),
    "comp": StatusText("comp", "ok", "Plan given by hand"),
    "waiting": StatusText("waiting", "info", "Waiting for payment"),
    "trialing": StatusText("trialing", "info", "Trial"),
    "active": StatusText("active", "ok", "Active"),
    "canceling": StatusText("canceling", "mute", "Active, will end"),
    "past_due": StatusText("past_due", "warn", "Past due"),
    "unpaid": StatusText("unpaid", "bad", "Unpaid"),
    "paused": StatusText("paused", "mute", "Paused"),
    "ended": StatusText("ended", "mute", "Subscription ended"),
    "suspended": StatusText("suspended", "bad", "Suspended"),
}
SUBSCRIPTIONS: dict[str, StatusText] = {
    "incomplete": StatusText("incomplete", "info", "Waiting for the first payment"),
    "incomplete_expired": StatusText("incomplete_expired", "mute", "Never paid, given up"),
    "trialing": StatusText("trialing", "info", "Trial"),
    "active": StatusText("active", "ok", "Active"),
    "past_due": StatusText("past_due", "warn", "Past due"),
    "unpaid": StatusText("unpaid", "bad", "Unpaid"),
    "canceled": StatusText("canceled", "mute", "Canceled"),
    "paused": StatusText("paused", "mute", "Paused"),
}
# Stripe's values of `pause_collection.behavior`.
PAUSES = {
    "keep_as_draft": "invoices stay drafts",
    "mark_uncollectible": "invoices are marked uncollectible",
    "void": "invoices are voided",
}
# While a payment fails. Without a step there is no plan that a step could restrict.
STEPS: dict[LadderStep, str] = {
    "none": "Its first payment failed, so the plan has not started",
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


def standing_words(standing: Standing) -> StatusText:
    return STANDINGS[standing]


def entitlement_words(row: Entitlement, subscription: Subscription | None, moment: datetime) -> StatusText:
    """The client's status with its day where it has one: "Trial, 5 days left", "Active, ends 14 December 2026"."""
    plain = STANDINGS[row.standing]
    if row.standing == "trialing" and subscription is not None and subscription.trial_ends_at is not None:
        plain = plain.saying(f"Trial, {days_left(subscription.trial_ends_at, moment)}")
    if row.standing in ("trialing", "active") and subscription is not None and subscription.is_collection_paused:
        return paused(plain, subscription)
    if row.standing == "canceling" and row.until is not None:
        return plain.saying(f"Active, ends {day(row.until)}")
    return plain


def subscription_words(row: Subscription, ends_at: datetime | None, moment: datetime) -> StatusText:
    """A subscription's status, a scheduled end included."""
    plain = SUBSCRIPTIONS.get(row.status, StatusText(row.status, "mute", row.status.replace("_", " ")))
    if row.status == "trialing" and row.trial_ends_at is not None:
        plain = plain.saying(f"Trial, {days_left(row.trial_ends_at, moment)}")
    if row.status in ("active", "trialing") and ends_at is not None:
        return StatusText("canceling", "mute", f"{plain.words}, ends {day(ends_at)}")
    if row.status in ("active", "trialing", *FAILING_STATUSES) and row.is_collection_paused:
        return paused(plain, row)
    if row.status == "canceled" and row.ended_at is not None:
        return plain.saying(f"Canceled, ended {day(row.ended_at)}")
    return plain


def paused(plain: StatusText, subscription: Subscription) -> StatusText:
    """The status of a subscription whose invoices are not collected for now: Stripe leaves it as it is."""
    until = f" until {day(subscription.collection_resumes_at)}" if subscription.collection_resumes_at else ""
    return StatusText("collection_paused", "mute", f"{plain.words}, payments paused{until}")


def pause_words(subscription: Subscription) -> str:
    """What becomes of the invoices while their collection is paused, for staff; empty while it is not."""
    if not subscription.is_collection_paused:
        return ""
    resumes_at = subscription.collection_resumes_at
    until = f"Until {day(resumes_at)}" if resumes_at else "Without an end"
    return f"{until}, {PAUSES.get(subscription.collection_pause_behavior or '', 'invoices are not collected')}"


def days_left(until: datetime, moment: datetime) -> str:
    days = max((until - moment).days, 0)
    return {0: "ends today", 1: "1 day left"}.get(days, f"{days} days left")
