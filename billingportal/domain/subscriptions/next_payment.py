"""The next payment of a subscription, from stored rows: one answer for the client's page and the staff's.

It is Stripe's own amount, or not known yet: discounts, taxes and prorations that wait are Stripe's to compute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.prices.pricing import amount
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.domain.subscriptions.client_subscriptions import find_customer, trial_outcome
from billingportal.domain.subscriptions.estimates import Key, prices_by_key
from billingportal.domain.subscriptions.invoice_history import (
    changes_balance,
    has_open_draft,
    invoices_of,
    may_have_prorations,
)
from billingportal.domain.subscriptions.scheduled_phases import Phase, Unclear, phase_at
from billingportal.models import Price, Subscription
from billingportal.money import Money

# In `unpaid`, renewals stay drafts; in `paused`, there are none.
CHARGED = ("trialing", "active", "past_due")


@dataclass(frozen=True)
class NextPayment:
    """The payment at a time. `price` is the sum of the licensed prices; None where it is not known.

    `due` is left of it after `credit`, the customer's credit at Stripe (below zero: what the customer owes); None while
    it is not known. Usage comes on top with `has_use`.
    """

    at: datetime
    price: Money | None
    due: Money | None
    credit: Money | None
    has_use: bool

    @property
    def words(self) -> str:
        """As in "US$19.00 + usage", "Not known yet"."""
        usage = " + usage" if self.has_use else ""
        if self.due is not None:
            return f"{self.due}{usage}"
        return f"{self.price}{usage}, before discounts and tax" if self.price is not None else "Not known yet"

    @property
    def note(self) -> str:
        """What to know of the amount; empty where there is nothing."""
        if self.due is None and self.price is not None:
            return "The exact amount is not known yet."
        if self.credit is None or self.due is None:
            return ""
        if self.credit.minor < 0:
            return f"With {Money(-self.credit.minor, self.credit.currency)} owed from before."
        return f"After a credit of {self.credit}."


def next_payment(session: Session, subscription: Subscription, moment: datetime) -> NextPayment | None:
    """What is charged next, and when; None where nothing will be. `moment` is the client's time."""
    ends = sorted({item.period_ends_at for item in subscription.items})
    if not ends or subscription.status not in CHARGED or subscription.is_collection_paused:
        return None
    at, end = ends[0], end_of(subscription)
    if end is not None and end <= at:
        return last_payment(session, subscription, end)
    outcome = trial_outcome(session, subscription) if subscription.status == "trialing" else "charged"
    if outcome in ("ended", "paused"):
        return None
    if outcome == "unknown":
        return NextPayment(at, None, None, None, has_use=False)
    try:
        phase = phase_at(session, subscription, moment, at)
    except Unclear:
        return NextPayment(at, None, None, None, has_use=False)
    if end is not None or (phase is not None and len(ends) > 1):
        return NextPayment(at, None, None, None, has_use=False)
    return payment_of(session, subscription, at, phase)


def last_payment(session: Session, subscription: Subscription, end: datetime) -> NextPayment | None:
    """What the end of the subscription bills: usage, and prorations that wait; None where there is neither."""
    has_use = any(item.quantity is None for item in subscription.items)
    may_owe = has_use or may_have_prorations(subscription, invoices_of(session, subscription))
    return NextPayment(end, None, None, None, has_use) if may_owe else None


def payment_of(session: Session, subscription: Subscription, at: datetime, phase: Phase | None) -> NextPayment:
    """The payment for the items whose periods end then, or for those of the phase that starts."""
    items = {item.stripe_price_id: item.quantity for item in subscription.items if item.period_ends_at == at}
    items = items if phase is None else dict(phase.items)
    account_id = subscription.processor_account_id
    prices = prices_by_key(session, {(account_id, price) for price in items})
    metered = [price for price in prices.values() if is_metered(price)]
    price = price_of(account_id, items, prices, subscription.currency)
    has_use = bool(metered) or any(item.quantity is None for item in subscription.items if item.period_ends_at == at)
    customer = find_customer(session, account_id, subscription.stripe_customer_id)
    is_adjusted = subscription.has_adjustments if phase is None else phase.has_adjustments
    invoices = invoices_of(session, subscription)
    is_adjusted = is_adjusted or may_have_prorations(subscription, invoices)
    if customer is not None and has_open_draft(subscription, invoices):
        # The draft takes the balance first, or gives to it: what it credits, or what is too little to be charged.
        is_adjusted = is_adjusted or bool(customer.balance_minor) or changes_balance(invoices[0])
    if price is None or customer is None or customer.has_discount or is_adjusted:
        return NextPayment(at, price, None, None, has_use)
    balance = customer.balance_minor if customer.currency == subscription.currency else 0
    due = max(price.minor + balance, 0)
    credit = Money(price.minor - due, price.currency) if due != price.minor else None
    return NextPayment(at, price, Money(due, price.currency), credit, has_use)


def price_of(
    account_id: int, items: Mapping[str, int | None], prices: Mapping[Key, Price], currency: str
) -> Money | None:
    """The sum of the licensed prices; None where a price, or its amount in the currency, is not stored."""
    total = Money(0, currency)
    for name, quantity in items.items():
        price = prices.get((account_id, name))
        try:
            terms = terms_of(price, currency) if price is not None else None
        except LookupError:
            return None
        if price is None or terms is None:
            return None
        total += Money(0, currency) if is_metered(price) else amount(terms, quantity or 0)
    return total


def end_of(subscription: Subscription) -> datetime | None:
    """The scheduled end, in either of Stripe's two ways to give it."""
    if subscription.cancels_at is not None or not subscription.cancel_at_period_end:
        return subscription.cancels_at
    return max(item.period_ends_at for item in subscription.items)
