"""Subscription schedules: attach to a subscription, release it, and end."""

from billingportal.sandbox.billing.schedules.phases import items_of, phase_of
from billingportal.sandbox.billing.subscription.blank_subscription import NOTHING_YET
from billingportal.sandbox.billing.subscription.scheduled_end import set_end
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

KIND = "subscription_schedule"
UNDER_WAY = ("active", "not_started")
TOLD_BEFORE = 7 * 24 * 3600


def attach(call: Call, subscription: Document) -> Document:
    """A schedule that continues a subscription as it is. Raises Refused if it has a schedule already, or has ended."""
    if subscription["status"] in (*ENDED, "incomplete"):
        raise invalid(
            f"You cannot create a subscription schedule from a subscription that is {subscription['status']}."
        )
    if subscription["schedule"] is not None:
        message = "You cannot migrate a subscription that is already attached to a schedule: "
        raise invalid(f"{message}`{subscription['schedule']}`.", "from_subscription")
    phase = phase_of(call, subscription)
    schedule = call.store.put(
        {
            "id": new_id("sub_sched"),
            "object": KIND,
            "application": None,
            "billing_mode": dict(subscription["billing_mode"]),
            "canceled_at": None,
            "completed_at": None,
            "created": call.now(),
            "current_phase": {"end_date": phase["end_date"], "start_date": phase["start_date"]},
            "customer": subscription["customer"],
            "customer_account": None,
            "default_settings": default_settings(),
            "end_behavior": "release" if subscription["cancel_at"] is None else "cancel",
            "livemode": call.livemode,
            "metadata": {},
            "pause_schedules": [],
            "phases": [phase],
            "released_at": None,
            "released_subscription": None,
            "status": "active",
            "subscription": subscription["id"],
            "test_clock": subscription["test_clock"],
            "_told_of": phase["end_date"] if phase["end_date"] - TOLD_BEFORE <= call.now() else None,
        }
    )
    with updating(call, "customer.subscription.updated", subscription):
        subscription["schedule"] = schedule["id"]
    emit(call, f"{KIND}.created", schedule)
    return schedule


def default_settings() -> Document:
    """Stripe's own defaults: no source says that the subscription's settings become those of its schedule."""
    return {
        "application_fee_percent": None,
        "automatic_tax": dict(NOTHING_YET["automatic_tax"]),
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": None,
        "collection_method": "charge_automatically",
        "default_payment_method": None,
        "description": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "days_until_due": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "on_behalf_of": None,
        "transfer_data": None,
    }


def plan(call: Call, schedule: Document, phases: list[Document], end_behavior: str) -> None:
    """Replace a schedule's phases and end behavior; a subscription that is to end with it gets that end."""
    subscription, ended = subscription_of(call, schedule), schedule["end_behavior"] == "cancel"
    start, end = schedule["current_phase"]["start_date"], phases[-1]["end_date"]
    current = next(phase for phase in phases if phase["start_date"] == start)
    schedule.update(phases=phases, end_behavior=end_behavior)
    schedule["current_phase"] = {"end_date": current["end_date"], "start_date": start}
    schedule["_told_of"] = end if end - TOLD_BEFORE <= call.now() else schedule["_told_of"]
    with updating(call, "customer.subscription.updated", subscription):
        if end_behavior == "cancel":
            set_end(call, subscription, end, at_period_end=False)
        elif ended:
            set_end(call, subscription, None, at_period_end=False)


def check_under_way(schedule: Document, verb: str) -> None:
    """Raises Refused for a schedule that has ended for any reason."""
    if schedule["status"] not in UNDER_WAY:
        message = f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status."
        raise invalid(f"{message} It must be in one of the following statuses: not_started, active.")


def subscription_of(call: Call, schedule: Document) -> Document:
    """The subscription of a schedule."""
    return call.store.objects["subscription"][schedule["subscription"]]


def release(call: Call, schedule: Document, *, keeps_end: bool = False) -> None:
    """Release the subscription from the schedule, and remove the end that the schedule set."""
    subscription = subscription_of(call, schedule)
    schedule.update(status="released", released_at=call.now(), released_subscription=subscription["id"])
    schedule.update(subscription=None, current_phase=None)
    with updating(call, "customer.subscription.updated", subscription):
        subscription["schedule"] = None
        if schedule["end_behavior"] == "cancel" and not keeps_end:
            set_end(call, subscription, None, at_period_end=False)
    emit(call, f"{KIND}.released", schedule)


def complete(call: Call, schedule: Document) -> None:
    """The last phase is over, and the subscription ends with it."""
    subscription_of(call, schedule)["schedule"] = None
    schedule.update(status="completed", completed_at=call.now(), current_phase=None)
    emit(call, f"{KIND}.completed", schedule)


def abandon(call: Call, subscription: Document, reason: str) -> None:
    """Cancel or abort the schedule, if any, of a subscription that ended for another reason."""
    if subscription["schedule"] is None:
        return
    schedule = call.store.objects[KIND][subscription["schedule"]]
    subscription["schedule"] = None
    schedule.update(status="canceled", canceled_at=call.now(), current_phase=None)
    emit(call, f"{KIND}.{'aborted' if reason == 'payment_failed' else 'canceled'}", schedule)


def mirror(call: Call, subscription: Document) -> None:
    """Copy the subscription's items to the current phase of its schedule, if it has one."""
    if subscription["schedule"] is None:
        return
    schedule = call.store.objects[KIND][subscription["schedule"]]
    current = next(one for one in schedule["phases"] if one["start_date"] == schedule["current_phase"]["start_date"])
    items = items_of(call, subscription)
    if {(one["price"], one["quantity"]) for one in items} != {
        (one["price"], one["quantity"]) for one in current["items"]
    }:
        with updating(call, f"{KIND}.updated", schedule):
            current["items"] = items


def announce(call: Call, schedule: Document) -> None:
    """Emit the event that the schedule ends soon."""
    schedule["_told_of"] = schedule["phases"][-1]["end_date"]
    emit(call, f"{KIND}.expiring", schedule)


def phase_from(call: Call, subscription: Document, at: int) -> Document | None:
    """The phase of a subscription's schedule that begins at a time, in seconds."""
    if subscription["schedule"] is None:
        return None
    phases: list[Document] = call.store.objects[KIND][subscription["schedule"]]["phases"]
    return next((phase for phase in phases if phase["start_date"] == at), None)
