"""Estimates what clients pay each period from their subscriptions' items, without discounts, usage or tax on top."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from billingportal.domain.offers.offers import Period, length
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.prices.pricing import amount
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import Entitlement, Price, Subscription, SubscriptionItem
from billingportal.money import Money

# Processor account and id at Stripe.
Key = tuple[int, str]


@dataclass(frozen=True)
class Estimate:
    """The sum of licensed prices each period. `has_use`: usage is charged in addition."""

    due: Money
    period: Period
    has_use: bool

    @property
    def words(self) -> str:
        """As in "US$49.00 a month + use"."""
        if not self.due.minor and self.has_use:
            return f"By use, {period_words(*self.period)}"
        return f"{self.due} {period_words(*self.period)}{' + use' if self.has_use else ''}"


def is_one_of(
    keys: Iterable[Key], account_id: InstrumentedAttribute[int], object_id: InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """SQL condition: the row has one of these keys. Grouped by account, since SQLite uses no index for pairs."""
    ids = defaultdict(list)
    for account, name in keys:
        ids[account].append(name)
    return or_(*((account_id == account) & object_id.in_(names) for account, names in ids.items()))


def subscriptions_of(session: Session, rows: Iterable[Entitlement]) -> dict[Key, Subscription]:
    """The subscriptions behind the entitlements, with their items, by account and id."""
    keys = {
        (row.processor_account_id, row.stripe_subscription_id)
        for row in rows
        if row.processor_account_id is not None and row.stripe_subscription_id is not None
    }
    if not keys:
        return {}
    wanted = is_one_of(keys, Subscription.processor_account_id, Subscription.stripe_subscription_id)
    found = session.scalars(select(Subscription).where(wanted).options(selectinload(Subscription.items)))
    return {(one.processor_account_id, one.stripe_subscription_id): one for one in found}


def estimates(session: Session, subscriptions: Mapping[Key, Subscription]) -> dict[Key, Estimate]:
    """The estimate of each subscription. Subscriptions with a price that is not stored are left out."""
    prices = prices_of(session, subscriptions.values())
    found = {key: estimate(one, prices) for key, one in subscriptions.items()}
    return {key: one for key, one in found.items() if one is not None}


def prices_of(session: Session, subscriptions: Iterable[Subscription]) -> dict[Key, Price]:
    return prices_by_key(
        session, {(one.processor_account_id, item.stripe_price_id) for one in subscriptions for item in one.items}
    )


def prices_by_key(session: Session, keys: Collection[Key]) -> dict[Key, Price]:
    """The stored prices of these accounts and ids."""
    if not keys:
        return {}
    rows = session.scalars(select(Price).where(is_one_of(keys, Price.processor_account_id, Price.stripe_price_id)))
    return {(price.processor_account_id, price.stripe_price_id): price for price in rows}


def estimate(subscription: Subscription, prices: Mapping[Key, Price]) -> Estimate | None:
    """The sum of the licensed prices with the longest period; None when a price or its currency is missing."""
    held = [
        (item, price)
        for item in subscription.items
        if (price := prices.get((subscription.processor_account_id, item.stripe_price_id)))
    ]
    if not held or len(held) < len(subscription.items):
        return None
    ahead = [(item, price) for item, price in held if not is_metered(price)]
    period = max((period_of(price) for _, price in ahead or held), key=length)
    counted = [(item, price) for item, price in ahead if period_of(price) == period]
    try:
        due = total(counted, subscription.currency)
    except LookupError:
        return None
    return Estimate(due, period, len(ahead) < len(held))


def total(rows: Sequence[tuple[SubscriptionItem, Price]], currency: str) -> Money:
    amounts = [amount(terms_of(price, currency), item.quantity or 0) for item, price in rows]
    return sum(amounts, Money(0, currency))


def period_of(price: Price) -> Period:
    return (price.interval or "month", price.interval_count or 1)
