"""Changes of a subscription: allowed changes, their cost, and the result when that is not paid."""

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.dry_run import rehearsal
from billingportal.sandbox.billing.metering import processing
from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.billing.schedules import lifecycle as schedule_lifecycle
from billingportal.sandbox.billing.subscription import pending_updates
from billingportal.sandbox.billing.subscription import trials as subscription_trials
from billingportal.sandbox.billing.subscription.creation import NO_METHOD
from billingportal.sandbox.billing.subscription.deferred_updates import check_deferrable, defer
from billingportal.sandbox.billing.subscription.item_requests import ItemChange, apply_change, read_changes
from billingportal.sandbox.billing.subscription.item_updates import apply_changes, invoiced, trial_change
from billingportal.sandbox.billing.subscription.scheduled_end import (
    check_unmanaged,
    end_of_periods,
    settle_cancellation,
)
from billingportal.sandbox.billing.subscription.terms import apply_terms
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.customers import payment_methods
from billingportal.sandbox.state.changes import updating


def update(call: Call, subscription: Document) -> Document:
    """Change it. Raises Refused before anything is stored."""
    given = call.parameters
    behavior = given.get("payment_behavior", "allow_incomplete")
    check_changeable(subscription, given)
    check_unmanaged(subscription, given)
    check_proration_date(call, subscription, given.get("proration_date"), "proration_date")
    if behavior == "pending_if_incomplete":
        check_deferrable(call, subscription, given)
    changes = read_changes(call, subscription, given.get("items", []))
    if given.keys() & {"items", "billing_cycle_anchor", "trial_end"}:  # received before the change: it counts
        processing.process(call, subscription["customer"], at_once=True)
    attach_given_method(call, subscription)
    if stops_with_its_trial(call, subscription):
        return stop_with_trial(call, subscription, changes)
    refusal = None
    if behavior in ("error_if_incomplete", "pending_if_incomplete"):
        refusal = refused_payment(call, subscription, changes)
    if refusal is not None and behavior == "error_if_incomplete":
        raise refusal
    if pending_updates.stands_against(subscription, given):
        pending_updates.expire(call, subscription)
    if refusal is not None:
        return defer(call, subscription, changes)
    with updating(call, "customer.subscription.updated", subscription):
        apply_terms(call, subscription)
        drafts, reset = apply_changes(call, subscription, changes)
        settle_end(call, subscription, reset=reset)
        invoice = invoiced(call, subscription, drafts, at_once=reset)
        if invoice is not None:
            settle(call, subscription, invoice, waits=behavior == "default_incomplete")
    schedule_lifecycle.mirror(call, subscription)
    return subscription


def stops_with_its_trial(call: Call, subscription: Document) -> bool:
    """Whether the call ends the trial of a subscription that has nothing to charge and is canceled or paused then."""
    if trial_change(call, subscription) != "ended":
        return False
    trial = rehearsal(call, call.parameters, subscription)
    changed = trial.store.objects["subscription"][subscription["id"]]
    apply_terms(trial, changed)
    return subscription_trials.outcome_of_end(trial, changed) != "create_invoice"


def stop_with_trial(call: Call, subscription: Document, changes: list[ItemChange]) -> Document:
    """End the trial now by `missing_payment_method`; no payment behavior prevents it."""
    if subscription["pending_update"] is not None:
        pending_updates.expire(call, subscription)
    with updating(call, "customer.subscription.updated", subscription):
        apply_terms(call, subscription)
        for change in changes:
            apply_change(call, subscription, change)
        subscription["trial_end"] = call.now()
    subscription_trials.end(call, subscription)
    schedule_lifecycle.mirror(call, subscription)
    return subscription


def attach_given_method(call: Call, subscription: Document) -> None:
    """Turn the token of a test card among the parameters into a payment method of the customer. Raises Refused."""
    param = "default_payment_method"
    if param in call.parameters:
        method = payment_methods.usable(call, call.parameters[param], subscription["customer"], param)
        call.parameters = {**call.parameters, param: method}


def refused_payment(call: Call, subscription: Document, changes: list[ItemChange]) -> Refused | None:
    """The reason why the change's immediate invoice would not be paid; None if it would be, or if there is none."""
    trial = rehearsal(call, call.parameters, subscription)
    changed = trial.store.objects["subscription"][subscription["id"]]
    apply_terms(trial, changed)
    drafts, reset = apply_changes(trial, changed, changes)
    invoice = invoiced(trial, changed, drafts, at_once=reset)
    if invoice is None or invoice["amount_due"] == 0 or changed["collection_method"] == "send_invoice":
        return None
    return refusal_of(collection.payment_method_of(trial.store, changed))


def refusal_of(method: Document | None) -> Refused | None:
    """The reason why a payment method would not pay without the customer; None if it would."""
    if method is None:
        return Refused(NO_METHOD, code="resource_missing")
    outcome = collection.OFF_SESSION[method["_outcome"]]
    if outcome == "action":
        code = "subscription_payment_intent_requires_action"
        return Refused(NEEDS_ACTION, status=402, kind="card_error", code=code)
    return payment_methods.declined(method["_decline_code"]) if outcome == "declined" else None


def settle_end(call: Call, subscription: Document, *, reset: bool) -> None:
    """Set the requested end of the subscription; an end with the period moves with the period."""
    settle_cancellation(call, subscription, call.parameters)
    if reset and subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = end_of_periods(call, subscription, "max_period_end")


def settle(call: Call, subscription: Document, invoice: Document, *, waits: bool) -> None:
    """Finalize the invoice of a change and collect, unless it `waits` for the customer.

    It is the newest invoice then, and decides: unpaid is past due, and paid is active again.
    """
    invoice_creation.finalize(call, invoice)
    method = None if waits else collection.payment_method_of(call.store, subscription)
    outcome = collection.collect(call, invoice, method)
    sends = subscription["collection_method"] == "send_invoice"
    if outcome == "paid" and subscription["status"] in ("past_due", "unpaid"):
        subscription["status"] = "active"
    elif outcome not in ("paid", "processing") and not sends and subscription["status"] == "active":
        subscription["status"] = "past_due"


def check_changeable(subscription: Document, given: Document) -> None:
    """Raises Refused: an ended subscription accepts only metadata and its cancellation details."""
    if subscription["status"] in ENDED and given.keys() - {"metadata", "cancellation_details"}:
        message = (
            "A canceled subscription can only update its cancellation_details and metadata."
            if subscription["status"] == "canceled"
            else "An expired subscription can only update its cancellation_details and metadata."
        )
        raise invalid(message)


def check_proration_date(call: Call, subscription: Document, moment: int | None, path: str) -> None:
    """Raises Refused for a time, in seconds, outside the current period; None is now."""
    items = [call.store.objects["subscription_item"][identifier] for identifier in subscription["_items"]]
    if moment is None or all(item["current_period_start"] <= moment <= item["current_period_end"] for item in items):
        return
    raise invalid(f"`{path}` must be within the current period of the subscription.", path)


NEEDS_ACTION = (
    "Payment for this subscription requires additional user action before it can be completed successfully. Payment "
    "can be completed using the PaymentIntent associated with `subscription.latest_invoice`."
)
