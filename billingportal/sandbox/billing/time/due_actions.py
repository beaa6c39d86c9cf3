"""A customer's next automatic actions and their times, derived from the stored state and stored nowhere else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from billingportal.sandbox.billing.invoicing import upcoming
from billingportal.sandbox.billing.payments import subscription_status
from billingportal.sandbox.billing.schedules import lifecycle as schedule_lifecycle
from billingportal.sandbox.billing.schedules import phase_changes
from billingportal.sandbox.billing.subscription import expiry, pending_updates
from billingportal.sandbox.billing.subscription import resume as subscription_resume
from billingportal.sandbox.billing.subscription import trials as subscription_trials
from billingportal.sandbox.billing.time import cycles
from billingportal.sandbox.billing.time.clocks import running
from billingportal.sandbox.billing.time.renewals import next_renewal
from billingportal.sandbox.checkout import completion as checkout_completion
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import updating


@dataclass(frozen=True, order=True)
class Happening:
    """An action that is due `at` a time, in seconds; `rank` orders actions of the same second."""

    at: int
    rank: int
    run: Callable[[], None] = field(compare=False)


def first(call: Call, customer: Document) -> Happening | None:
    """A customer's next action."""
    if customer.get("deleted") or customer.get("_lost"):
        return None
    return min(of_customer(call, customer), default=None)


def of_customer(call: Call, customer: Document) -> Iterator[Happening]:
    """All due actions of a customer, derived from the stored state."""
    for identifier in customer["_subscriptions"]:
        for one in call.store.objects["subscription"][identifier]["_invoices"]:
            yield from of_invoice(call, call.store.objects["invoice"][one])
    for identifier in customer.get("_one_offs", ()):
        yield from of_invoice(call, call.store.objects["invoice"][identifier])
    for subscription in running(call, customer):
        yield from of_subscription(call, subscription)
    for identifier in customer.get("_sessions", ()):
        yield from of_session(call, call.store.objects["checkout.session"][identifier])


def of_session(call: Call, session: Document) -> Iterator[Happening]:
    """The expiry of a checkout session."""
    if session["status"] == "open":
        yield Happening(session["expires_at"], 12, lambda: checkout_completion.expire(call, session))


def of_invoice(call: Call, invoice: Document) -> Iterator[Happening]:
    """The decision of a payment, the end of a draft, the next attempt, the due date of a sent invoice."""
    if invoice.get("_lost"):
        return
    at = invoice["automatically_finalizes_at"]
    if invoice["status"] == "draft" and at is not None:
        yield Happening(at, 1, lambda: cycles.finalize(call, invoice))
    if invoice["status"] != "open":
        return
    if "_processing" in invoice:
        yield Happening(invoice["_settles_at"], 0, lambda: cycles.settle(call, invoice, succeeded=True))
    elif invoice["next_payment_attempt"] is not None:
        yield Happening(invoice["next_payment_attempt"], 2, lambda: cycles.collect(call, invoice))
    if invoice["due_date"] is not None and "_overdue" not in invoice:
        yield Happening(invoice["due_date"], 3, lambda: subscription_status.fall_due(call, invoice))


def of_subscription(call: Call, subscription: Document) -> Iterator[Happening]:
    """The expiry of pending changes, the scheduled end, the ends of periods and trials."""
    status = subscription["status"]
    if subscription["pending_update"] is not None:
        expires = subscription["pending_update"]["expires_at"]
        yield Happening(expires, 4, lambda: pending_updates.expire(call, subscription))
    if "_resumption" in subscription:
        expires = subscription["_resumption"]["expires_at"]
        yield Happening(expires, 4, lambda: subscription_resume.give_up_last(call, subscription))
    if status == "incomplete":
        yield Happening(subscription["created"] + expiry.LIFETIME, 5, lambda: expiry.expire(call, subscription))
        return
    if subscription["schedule"] is not None:
        yield from of_schedule(call, call.store.objects[schedule_lifecycle.KIND][subscription["schedule"]])
    if subscription["cancel_at"] is not None:
        yield Happening(subscription["cancel_at"], 7, lambda: cycles.end(call, subscription))
    pause = subscription["pause_collection"]
    if pause is not None and pause["resumes_at"] is not None:
        yield Happening(pause["resumes_at"], 8, lambda: resume_collection(call, subscription))
    if status != "paused":
        yield from of_period(call, subscription)


def of_schedule(call: Call, schedule: Document) -> Iterator[Happening]:
    """The end of a phase, and the notice before the last."""
    last = schedule["phases"][-1]["end_date"]
    if schedule["_told_of"] != last:
        yield Happening(last - schedule_lifecycle.TOLD_BEFORE, 5, lambda: schedule_lifecycle.announce(call, schedule))
    yield Happening(schedule["current_phase"]["end_date"], 6, lambda: phase_changes.move_on(call, schedule))


def of_period(call: Call, subscription: Document) -> Iterator[Happening]:
    """The notices before a period's end, and the end."""
    ends, tries = next_renewal(call, subscription), subscription["status"] == "trialing"
    if tries and subscription.get("_warned_of") != ends:
        yield Happening(
            ends - subscription_trials.WARNED_BEFORE, 9, lambda: subscription_trials.warn(call, subscription)
        )
    if subscription.get("_told_of") != ends:
        yield Happening(upcoming.told_at(call, ends), 10, lambda: upcoming.tell(call, subscription))
    if tries:
        yield Happening(ends, 11, lambda: subscription_trials.end(call, subscription))
    else:
        yield Happening(ends, 11, lambda: cycles.renew(call, subscription, ends))


def resume_collection(call: Call, subscription: Document) -> None:
    """Resume the collection of invoices."""
    with updating(call, "customer.subscription.updated", subscription):
        subscription["pause_collection"] = None
