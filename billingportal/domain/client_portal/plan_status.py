"""The status of a client's plan on its billing page, and the date beside it."""

from datetime import datetime

from billingportal.domain.client_portal.notices import Pause
from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices.open_invoices import OpenInvoice, Standing
from billingportal.domain.subscriptions.estimates import Estimate
from billingportal.domain.subscriptions.next_payment import NextPayment
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
    if held.failing_since is not None and held.standing != "suspended":
        return PAYMENT_NEEDED[own.standing if own else "none"]
    if held.standing in ("free", "comp"):
        return ACTIVE if held.plan_id else NOTHING
    return entitlement_words(held, subscription, moment)


def pause_of(subscription: Subscription | None) -> Pause | None:
    """The pause of the collection of its invoices, if any."""
    if subscription is None or not subscription.is_collection_paused:
        return None
    is_kept = subscription.collection_pause_behavior not in ("mark_uncollectible", "void")
    return Pause(subscription.collection_resumes_at, may_be_charged_later=is_kept)


def dates_of(held: Entitlement) -> str:
    """The next date in words, shown beside the status; empty without one."""
    if held.standing == "active" and held.renews_at is not None:
        return f"renews on {day(held.renews_at)}"
    if held.source == "comp" and held.until is not None:
        return f"until {day(held.until)}"
    return ""


def next_payment_words(coming: NextPayment | None, price: Estimate | None) -> str:
    """The amount for the notice: what is charged next; where nothing is, what going on would cost."""
    known = coming.due if coming else price.due if price else None
    return str(known) if known is not None else "your plan's price"
