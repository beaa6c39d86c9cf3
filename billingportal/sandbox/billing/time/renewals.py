"""A subscription's next invoice if nothing changes until then."""

from billingportal.sandbox.billing.invoicing.lines import Draft, is_metered
from billingportal.sandbox.billing.invoicing.stubs import period_or_share
from billingportal.sandbox.billing.metering.usage import usage_drafts
from billingportal.sandbox.billing.subscription.items import set_period
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document


def next_renewal(call: Call, subscription: Document) -> int:
    """The first end of the items' periods, in seconds. Raises Refused for a subscription that has ended."""
    if subscription["status"] in ENDED:
        raise nothing_to_come(subscription)
    items = call.store.objects["subscription_item"]
    return int(min(items[one]["current_period_end"] for one in subscription["_items"]))


def nothing_to_come(subscription: Document) -> Refused:
    """The refusal of a preview when there is no next invoice."""
    message = f"No upcoming invoices for customer: {subscription['customer']}"
    return Refused(message, status=404, code="invoice_upcoming_none")


def renewal_drafts(call: Call, subscription: Document, at: int, *, recurring: bool) -> list[Draft]:
    """The lines of the items whose periods end then: the next period in advance, and the usage so far.

    With `recurring`, a metered item shows a next period without usage instead.
    """
    drafts: list[Draft] = []
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        if item["current_period_end"] != at:
            continue
        if is_metered(call.store, item) and not recurring:
            tried = subscription["status"] == "trialing"
            drafts += [] if tried else usage_drafts(call, item, subscription, min(call.now(), at - 1))
        elif goes_on(subscription, at):
            drafts += following_drafts(call, subscription, item)
    return drafts


def goes_on(subscription: Document, at: int) -> bool:
    """Whether the subscription continues past that time."""
    return subscription["cancel_at"] is None or bool(subscription["cancel_at"] > at)


def following_drafts(call: Call, subscription: Document, item: Document) -> list[Draft]:
    """The lines of the period after the current one."""
    following = dict(item)
    set_period(call, following, item["current_period_end"], subscription["billing_cycle_anchor"])
    return period_or_share(call, subscription, following)
