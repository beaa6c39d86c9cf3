"""The scheduled end of a subscription: at the end of its period, or at a time."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document


def settle_cancellation(call: Call, subscription: Document, given: Document) -> None:
    """Set the requested end of a subscription whose items have their periods."""
    if "cancel_at_period_end" in given and given.get("cancel_at"):
        raise invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at")
    if "cancel_at_period_end" in given:
        wanted = given["cancel_at_period_end"]
        at = end_of_periods(call, subscription, "max_period_end") if wanted else None
        set_end(call, subscription, at, at_period_end=wanted)
    if "cancel_at" in given:
        at = given["cancel_at"] or None
        if isinstance(at, str):
            at = end_of_periods(call, subscription, at)
        if at is not None and at <= call.now():
            raise invalid("The `cancel_at` timestamp must be in the future.", "cancel_at")
        set_end(call, subscription, at, at_period_end=False)


def check_unmanaged(subscription: Document, given: Document) -> None:
    """Raises Refused for a subscription with a schedule: the schedule sets its end."""
    if subscription["schedule"] is not None and given.keys() & {"cancel_at", "cancel_at_period_end"}:
        message = (
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )
        raise invalid(message)


def set_end(call: Call, subscription: Document, at: int | None, *, at_period_end: bool) -> None:
    """Set the time of the subscription's end, and that it was requested now."""
    subscription["cancel_at_period_end"] = at_period_end
    subscription["cancel_at"] = at
    subscription["canceled_at"] = None if at is None else call.now()
    subscription["cancellation_details"]["reason"] = None if at is None else "cancellation_requested"


def end_of_periods(call: Call, subscription: Document, which: str) -> int:
    """The first or the last end of the items' periods."""
    items = call.store.objects["subscription_item"]
    ends = [items[identifier]["current_period_end"] for identifier in subscription["_items"]]
    return int(min(ends) if which == "min_period_end" else max(ends))
