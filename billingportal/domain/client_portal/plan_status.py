"""The status of a client's plan on its billing page, and the date beside it."""

from datetime import datetime

from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices.open_invoices import OpenInvoice, Standing
from billingportal.domain.subscriptions.status_text import entitlement_words
from billingportal.models import Entitlement, Subscription

ACTIVE = StatusText("active", "ok", "Active")
NOTHING = StatusText("no_plan", "mute", "Nothing chosen yet")
PAYMENT_NEEDED: dict[Standing, StatusText] = {
    "none": StatusText("payment_needed", "bad", "Payment needed"),
    "declined": StatusText("payment_failed", "bad", "Payment failed"),
    "confirm": StatusText("to_confirm", "warn", "Confirmation needed"),
    "processing": StatusText("open", "info", "Payment on its way"),
}


def status_of(
    held: Entitlement, subscription: Subscription | None, own: OpenInvoice | None, moment: datetime
) -> StatusText:
    if held.step != "none" and held.standing != "suspended":
        return PAYMENT_NEEDED[own.standing if own else "none"]
    if held.standing in ("free", "comp"):
        return ACTIVE if held.plan_id else NOTHING
    return entitlement_words(held, subscription.trial_ends_at if subscription else None, moment)


def dates_of(held: Entitlement) -> str:
    """The next date in words, shown beside the status; empty without one."""
    if held.standing == "active" and held.renews_at is not None:
        return f"renews on {day(held.renews_at)}"
    if held.source == "comp" and held.until is not None:
        return f"until {day(held.until)}"
    return ""
