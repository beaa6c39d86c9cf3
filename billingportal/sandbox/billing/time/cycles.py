"""The end of a period: the next period, its invoice, and an hour later the payment."""

from collections.abc import Sequence

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.lines import Draft
from billingportal.sandbox.billing.invoicing.voids import give_up, void
from billingportal.sandbox.billing.metering import late_usage, processing
from billingportal.sandbox.billing.metering.usage import unbilled
from billingportal.sandbox.billing.payments import collection, dunning, subscription_status
from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.subscription.items import set_period
from billingportal.sandbox.billing.time.renewals import renewal_drafts
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import updating


def renew(call: Call, subscription: Document, at: int, more: Sequence[Draft] = ()) -> None:
    """Start the next periods of the items whose periods end now; a draft invoice bills their price and `more`."""
    processing.process(call, subscription["customer"])
    drafts = [*more, *renewal_drafts(call, subscription, at, recurring=False)]
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    ending = [item for item in items if item["current_period_end"] == at]
    start = min((item["current_period_start"] for item in ending), default=at)
    with updating(call, "customer.subscription.updated", subscription):
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        if drafts or subscription["_pending"]:
            metered = [draft.item for draft in drafts if draft.item["quantity"] is None]
            late_usage.remember(make_draft(call, subscription, drafts, start), metered, at - 1)
        for item in ending:
            set_period(call, item, at, subscription["billing_cycle_anchor"])


def make_draft(call: Call, subscription: Document, drafts: list[Draft], start: int) -> Document:
    """The invoice of a period that began at `start`; a draft for an hour, or indefinitely while collection is off.

    An account can have longer drafts.
    """
    waits = subscription["status"] == "unpaid" or pauses(subscription) == "keep_as_draft"
    at = None if waits else call.now() + setting(call.account, "invoices")["draft_seconds"]
    sends = subscription["collection_method"] == "send_invoice"
    more = {
        "auto_advance": not waits,
        "automatically_finalizes_at": at,
        "next_payment_attempt": None if sends else at,
        "period_start": start,
    }
    return invoice_creation.make_invoice(call, subscription, drafts, "subscription_cycle", more)


def pauses(subscription: Document) -> str | None:
    """The behavior of the paused collection; None when collection is not paused."""
    pause = subscription["pause_collection"]
    return None if pause is None else str(pause["behavior"])


def finalize(call: Call, invoice: Document) -> None:
    """The draft's time is over: finalize it and collect."""
    late_usage.count(call, invoice)
    invoice_creation.finalize(call, invoice)
    subscription = dunning.find_subscription(call, invoice)
    behavior = pauses(subscription) if subscription is not None else None
    if behavior == "void":
        void(call, invoice)
    elif behavior == "mark_uncollectible":
        give_up(call, invoice)
    else:
        collect(call, invoice)


def collect(call: Call, invoice: Document) -> None:
    """Try to collect an open invoice with the current payment method, and update the subscription's status."""
    method = collection.method_of_invoice(call.store, invoice)
    outcome = collection.collect(call, invoice, method)
    if outcome == "paid":
        subscription_status.paid(call, invoice)
    elif outcome == "untried" and invoice["collection_method"] == "charge_automatically":
        collection.fail(call, invoice)
        follow_failure(call, invoice)
    elif outcome in ("action", "declined"):
        follow_failure(call, invoice)


def follow_failure(call: Call, invoice: Document) -> None:
    """Mark the subscription as past due; after the last attempt, apply the account's setting."""
    subscription_status.failed(call, invoice)
    subscription = dunning.find_subscription(call, invoice)
    after = dunning.after_last(call)
    if subscription is None or invoice["next_payment_attempt"] is not None or subscription["status"] != "past_due":
        return
    if after == "cancel":
        subscription_cancellation.end(call, subscription, "payment_failed")
    elif after == "unpaid":
        with updating(call, "customer.subscription.updated", subscription):
            subscription["status"] = "unpaid"


def settle(call: Call, invoice: Document, *, succeeded: bool) -> None:
    """Record the outcome of a payment in progress, and update the subscription's status."""
    collection.settle(call, invoice, succeeded=succeeded)
    if succeeded:
        subscription_status.paid(call, invoice)
    else:
        follow_failure(call, invoice)


def end(call: Call, subscription: Document) -> None:
    """End the subscription as scheduled: usage and pending items are billed, for the last time."""
    if planted.happens(call.store, "cancel_ignored"):
        subscription["cancel_at"] = None
        return
    processing.process(call, subscription["customer"])
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    last = call.now() - 1
    drafts = [draft for item in items for draft in unbilled(call, subscription, item, last)]
    if drafts or subscription["_pending"]:
        draft = make_draft(call, subscription, drafts, min(item["current_period_start"] for item in items))
        if subscription["status"] != "trialing":
            metered = [{**item, "current_period_end": call.now()} for item in items if item["quantity"] is None]
            late_usage.remember(draft, metered, last)
    subscription_cancellation.end(call, subscription, "cancellation_requested")
