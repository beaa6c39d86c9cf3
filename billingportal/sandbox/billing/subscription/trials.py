"""Trials: the warning before their end, and the end itself."""

from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.subscription import pause as subscription_pause
from billingportal.sandbox.billing.time import cycles
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import emit

WARNED_BEFORE = 3 * 24 * 3600


def warn(call: Call, subscription: Document) -> None:
    """Emit the event that the trial ends soon."""
    subscription["_warned_of"] = subscription["trial_end"]
    emit(call, "customer.subscription.trial_will_end", subscription)


def outcome_of_end(call: Call, subscription: Document) -> str:
    """`create_invoice`, or what was chosen for a trial that ends without a payment method: `cancel` or `pause`."""
    if subscription["collection_method"] == "send_invoice":
        return "create_invoice"
    if collection.payment_method_of(call.store, subscription) is not None:
        return "create_invoice"
    if planted.happens(call.store, "trial_card_rule_ignored"):
        return "create_invoice"
    return str(subscription["trial_settings"]["end_behavior"]["missing_payment_method"])


def end(call: Call, subscription: Document) -> None:
    """End the trial: start the first billed period, or apply the setting for customers without a payment method."""
    outcome = outcome_of_end(call, subscription)
    if outcome == "create_invoice":
        cycles.renew(call, subscription, subscription["trial_end"])
    elif outcome == "cancel":
        subscription_cancellation.end(call, subscription, "payment_failed")
    else:
        subscription_pause.stop(call, subscription, "trial_end_without_payment_method")
