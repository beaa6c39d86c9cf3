"""The invoice that would come: of a subscription as it is, as it would be changed, or as it would be started.

All of it works on a rehearsal; nothing here may run on the account itself.
"""

from billingportal.sandbox.billing import applying, changing, creating, invoicing
from billingportal.sandbox.billing.blank_subscription import blank_subscription
from billingportal.sandbox.billing.items import price_for
from billingportal.sandbox.billing.lines import Draft, period_drafts
from billingportal.sandbox.billing.renewing import next_renewal, nothing_to_come, renewal_drafts
from billingportal.sandbox.billing.replacing import apply_change, read_changes
from billingportal.sandbox.call import Call
from billingportal.sandbox.wire import Document

ITEMS = "subscription_details[items]"
HOUR, DAY = 3600, 24 * 3600


def of_new(call: Call, customer: Document, currency: str | None) -> Document:
    """The first invoice of a subscription that would be started with the call's items. Raises Refused."""
    items = call.parameters["items"]
    wanted = currency or customer["currency"] or price_for(call, items[0], f"{ITEMS}[0]")["currency"]
    creating.check_currency_of(call, customer, wanted)
    subscription = call.store.put(blank_subscription(call, customer, wanted, None))
    for change in read_changes(call, subscription, items, ITEMS):
        apply_change(call, subscription, change)
    return invoicing.make_invoice(call, subscription, current_period(call, subscription), "upcoming")


def current_period(call: Call, subscription: Document) -> list[Draft]:
    """The lines for the period that runs."""
    items = call.store.objects["subscription_item"]
    currency = subscription["currency"]
    return [line for one in subscription["_items"] for line in period_drafts(call.store, items[one], currency)]


def of_existing(call: Call, subscription: Document, *, recurring: bool) -> Document:
    """The next invoice of a subscription after the call's changes; `recurring` leaves out what comes only once.

    Raises Refused when no invoice is to come.
    """
    given = call.parameters
    changing.check_changeable(subscription, given)
    changes = read_changes(call, subscription, given.get("items", []), ITEMS)
    drafts, reset = applying.apply_changes(call, subscription, changes)
    if not recurring and drafts and (reset or given.get("proration_behavior") == "always_invoice"):
        return proration_dated(call, invoicing.make_invoice(call, subscription, drafts, "upcoming"), drafts)
    if recurring:
        subscription["_pending"], drafts = [], []
    at = next_renewal(call, subscription)
    drafts = drafts + renewal_drafts(call, subscription, at, recurring=recurring)
    if not drafts and not subscription["_pending"]:
        raise nothing_to_come(subscription)
    invoice = invoicing.make_invoice(call, subscription, drafts, "upcoming")
    set_dates(call, invoice, subscription, at)
    return proration_dated(call, invoice, drafts)


def set_dates(call: Call, invoice: Document, subscription: Document, at: int) -> None:
    """Date the invoice as it would be when the period ends."""
    sends = subscription["collection_method"] == "send_invoice"
    items = (call.store.objects["subscription_item"][one] for one in subscription["_items"])
    invoice.update(
        created=at,
        due_date=at + subscription["days_until_due"] * DAY if sends else None,
        next_payment_attempt=None if sends else at + HOUR,
        period_end=at,
        period_start=min(item["current_period_start"] for item in items),
    )


def proration_dated(call: Call, invoice: Document, drafts: list[Draft]) -> Document:
    """The invoice, with the time that its prorations were reckoned from."""
    if any(draft.proration for draft in drafts):
        moment = call.parameters.get("proration_date", call.now())
        invoice["parent"]["subscription_details"]["subscription_proration_date"] = moment
    return invoice
