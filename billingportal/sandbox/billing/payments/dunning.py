"""Dunning: when a failed payment is retried, and the subscription's state after the last attempt."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting

DAY = 24 * 3600
# The first invoice of a subscription waits for its customer and is not tried again by itself.
UNTRIED = ("incomplete", *ENDED)


def next_attempt(call: Call, invoice: Document) -> int | None:
    """The time of the next attempt, in seconds, after the attempts so far; None after the last.

    Invoices without a subscription are not tried again: at Stripe that is a setting of its own, off by default.
    """
    tried: int = invoice["attempt_count"]
    waits = setting(call.account, "dunning")["retry_days"]
    subscription = find_subscription(call, invoice)
    if subscription is None or subscription["status"] in UNTRIED or tried > len(waits):
        return None
    return int(call.now() + waits[max(tried, 1) - 1] * DAY)


def after_last(call: Call) -> str:
    """The action on the subscription after the last attempt: cancel, past_due or unpaid."""
    return str(setting(call.account, "dunning")["after"])


def find_subscription(call: Call, invoice: Document) -> Document | None:
    """The subscription of an invoice; None for a one-off invoice."""
    return subscription_of(call, invoice) if invoice["parent"] is not None else None


def subscription_of(call: Call, invoice: Document) -> Document:
    """The subscription of an invoice that has one."""
    identifier = invoice["parent"]["subscription_details"]["subscription"]
    return call.store.objects["subscription"][identifier]
