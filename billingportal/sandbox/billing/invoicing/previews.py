"""Invoice previews: of a subscription as it is, with changes, or before it is created.

All of it works on a rehearsal; nothing here may run on the account itself.
"""

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.discount_requests import grant
from billingportal.sandbox.billing.invoicing.lines import Draft
from billingportal.sandbox.billing.schedules import lifecycle as schedule_lifecycle
from billingportal.sandbox.billing.schedules import phase_changes
from billingportal.sandbox.billing.schedules.phase_terms import put_item_terms, put_terms
from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.billing.subscription import creation as subscription_creation
from billingportal.sandbox.billing.subscription import item_updates
from billingportal.sandbox.billing.subscription import pause as subscription_pause
from billingportal.sandbox.billing.subscription.blank_subscription import automatic_tax, blank_subscription
from billingportal.sandbox.billing.subscription.item_requests import apply_change, read_changes
from billingportal.sandbox.billing.subscription.items import price_for
from billingportal.sandbox.billing.subscription.terms import price_of
from billingportal.sandbox.billing.time.renewals import next_renewal, nothing_to_come, renewal_drafts
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting

ITEMS = "subscription_details[items]"
DAY = 24 * 3600


def of_new(call: Call, customer: Document, currency: str | None, *, recurring: bool) -> Document:
    """The first invoice of a new subscription with the call's items; if `recurring`, the first after its trial.

    Raises Refused.
    """
    items = call.parameters["items"]
    wanted = currency or customer["currency"] or price_for(call, items[0], f"{ITEMS}[0]")["currency"]
    subscription_creation.check_currency_of(call, customer, wanted)
    trial_end = None if recurring else subscription_creation.trial_end_of(call)
    subscription = call.store.put(blank_subscription(call, customer, wanted, trial_end))
    for change in read_changes(call, subscription, items, ITEMS):
        apply_change(call, subscription, change)
    grant(call, subscription, price_of(call, subscription))
    return invoice_creation.make_invoice(
        call, subscription, subscription_creation.first_drafts(call, subscription), "upcoming"
    )


def of_existing(call: Call, subscription: Document, *, recurring: bool) -> Document:
    """The next invoice of a subscription after the call's changes; `recurring` leaves out one-off lines.

    Raises Refused when there is no next invoice.
    """
    given = call.parameters
    if subscription["status"] in ENDED:
        raise nothing_to_come(subscription)
    grant(call, subscription, price_of(call, subscription))
    if "automatic_tax" in given:
        subscription["automatic_tax"] = automatic_tax(given["automatic_tax"])
    if given.get("cancel_now"):
        return of_ending(call, subscription)
    if given.get("pause", {}).get("bill_for") is not None or given.get("pause", {}).get("invoicing_behavior"):
        return of_pause(call, subscription, given["pause"])
    if subscription["status"] == "paused":
        return of_resumption(call, subscription)
    changes = read_changes(call, subscription, given.get("items", []), ITEMS)
    drafts, reset = item_updates.apply_changes(call, subscription, changes)
    subscription_changes.settle_end(call, subscription, reset=reset)
    if recurring:
        subscription["_pending"] = []
    else:
        invoice = item_updates.invoiced(call, subscription, drafts, at_once=reset, reason="upcoming")
        if invoice is not None:
            return proration_dated(call, invoice, drafts)
    at = next_renewal(call, subscription)
    renewal = [] if recurring else phase_drafts(call, subscription, at)
    renewal += renewal_drafts(call, subscription, at, recurring=recurring)
    if not renewal and not subscription["_pending"]:
        raise nothing_to_come(subscription)
    dated = proration_moment(call)
    call.moment = at  # discounts that end before do not count
    invoice = invoice_creation.make_invoice(call, subscription, renewal, "upcoming")
    set_dates(call, invoice, subscription, at)
    return proration_dated(call, invoice, [] if recurring else drafts, dated)


def of_ending(call: Call, subscription: Document) -> Document:
    """The last invoice of a subscription canceled now. Raises Refused when there is nothing to bill or credit."""
    prorate = call.parameters.get("proration_behavior") != "none"
    drafts = subscription_cancellation.last_drafts(call, subscription, prorate=prorate, invoice_now=True)
    if not drafts and not subscription["_pending"]:
        raise nothing_to_come(subscription)
    return proration_dated(call, invoice_creation.make_invoice(call, subscription, drafts, "upcoming"), drafts)


def phase_drafts(call: Call, subscription: Document, at: int) -> list[Draft]:
    """Apply the schedule's phase that begins at `at`, if any. Returns the lines that only this change adds."""
    phase = schedule_lifecycle.phase_from(call, subscription, at)
    if phase is None:
        return []
    call.moment = at
    changes = read_changes(call, subscription, phase_changes.wanted(call, subscription, phase))
    put_terms(call, subscription, phase)
    drafts = phase_changes.swap(call, subscription, changes, phase)
    put_item_terms(call, subscription, phase)
    return drafts


def of_pause(call: Call, subscription: Document, pause: Document) -> Document:
    """The invoice of an invoiced pause. Raises Refused for a pause without an invoice."""
    subscription_pause.check_pausable(subscription)
    drafts = subscription_pause.pause_drafts(call, subscription, pause.get("bill_for", {}))
    if not drafts or pause.get("invoicing_behavior") != "invoice":
        raise nothing_to_come(subscription)
    return proration_dated(call, invoice_creation.make_invoice(call, subscription, drafts, "upcoming"), drafts)


def of_resumption(call: Call, subscription: Document) -> Document:
    """The invoice of a resumption (`resume_at`). Raises Refused when there is none."""
    if call.parameters.get("resume_at") != "now":
        raise nothing_to_come(subscription)
    drafts, fresh = subscription_pause.resume_drafts(call, subscription)
    if not drafts or not (fresh or call.parameters.get("proration_behavior") == "always_invoice"):
        raise nothing_to_come(subscription)
    return proration_dated(call, invoice_creation.make_invoice(call, subscription, drafts, "upcoming"), drafts)


def set_dates(call: Call, invoice: Document, subscription: Document, at: int) -> None:
    """Set the invoice's dates for a period that ends at `at`."""
    sends = subscription["collection_method"] == "send_invoice"
    items = (call.store.objects["subscription_item"][one] for one in subscription["_items"])
    invoice.update(
        created=at,
        due_date=at + subscription["days_until_due"] * DAY if sends else None,
        next_payment_attempt=None if sends else at + setting(call.account, "invoices")["draft_seconds"],
        period_end=at,
        period_start=min(item["current_period_start"] for item in items),
    )


def proration_moment(call: Call) -> int:
    """The time, in seconds, from which prorations are computed."""
    return int(call.parameters.get("proration_date", call.now()))


def proration_dated(call: Call, invoice: Document, drafts: list[Draft], moment: int | None = None) -> Document:
    """The invoice with the time from which its prorations are computed: `moment`, by default that of the call."""
    if any(draft.proration for draft in drafts):
        dated = proration_moment(call) if moment is None else moment
        invoice["parent"]["subscription_details"]["subscription_proration_date"] = dated
    return invoice
