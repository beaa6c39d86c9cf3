"""Which subscription and price bill what a client uses of a meter, and the periods that are still open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.prices.pricing import Terms
from billingportal.domain.prices.terms import terms_of
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.subscriptions.usage_prices import has_currency
from billingportal.models import ClientCustomer, ClientMeter, Invoice, Price, Subscription, SubscriptionItem

# A renewal's invoice is a draft for about an hour, unless the account's settings say longer.
DRAFT = timedelta(hours=1)
# When Stripe's totals are read after such a turn: with what arrived at the last moment.
AFTER_TURN = timedelta(minutes=10)


@dataclass(frozen=True)
class Billing:
    """The subscription whose item has a price with the meter. `terms` are None where the price has not its currency.

    `closes_at` is when the invoice of the period before the current one is final. Times are the client's.
    """

    subscription: Subscription
    item: SubscriptionItem
    terms: Terms | None
    closes_at: datetime

    @property
    def is_live(self) -> bool:
        return self.subscription.status in LIVE_STATUSES

    @property
    def turns(self) -> tuple[datetime, ...]:
        """When the totals of a period are read once more: after its end, and after its invoice is final."""
        earlier = (self.item.period_started_at, self.closes_at) if self.has_earlier else ()
        return tuple(end + AFTER_TURN for end in (*earlier, self.item.period_ends_at))

    @property
    def has_earlier(self) -> bool:
        """Whether there was a period before the current one."""
        return self.item.period_started_at > self.subscription.started_at

    def has_turned(self, compared_at: datetime | None, moment: datetime) -> bool:
        """Whether such a time has come since Stripe was asked last."""
        since = compared_at or self.item.period_started_at
        return any(since < turn <= moment for turn in self.turns)

    def open_since(self, moment: datetime) -> datetime:
        """The start of the oldest period whose invoice can still change, or changed a moment ago."""
        start, end = self.item.period_started_at, self.item.period_ends_at
        is_closing = self.has_earlier and moment < self.closes_at + 2 * AFTER_TURN
        return start - (end - start) if is_closing else start

    def is_open(self, period_starts_at: datetime, moment: datetime) -> bool:
        """Whether use of this period can still be reported."""
        if period_starts_at >= self.item.period_started_at:
            return self.is_live
        return self.is_live and period_starts_at >= self.open_since(moment) and moment < self.closes_at


def billings(session: Session, client_meter_ids: Collection[int]) -> dict[int, Billing]:
    """By client meter. A live subscription before one that has ended, and the newest of them."""
    rows = session.execute(
        select(ClientMeter.id, Subscription, SubscriptionItem, Price)
        .join(
            ClientCustomer,
            (ClientCustomer.client_id == ClientMeter.client_id)
            & (ClientCustomer.processor_account_id == ClientMeter.processor_account_id),
        )
        .join(
            Subscription,
            (Subscription.processor_account_id == ClientCustomer.processor_account_id)
            & (Subscription.stripe_customer_id == ClientCustomer.stripe_customer_id),
        )
        .join(SubscriptionItem, SubscriptionItem.subscription_id == Subscription.id)
        .join(
            Price,
            (Price.processor_account_id == Subscription.processor_account_id)
            & (Price.stripe_price_id == SubscriptionItem.stripe_price_id),
        )
        .where(ClientMeter.id.in_(client_meter_ids), Price.stripe_meter_id == ClientMeter.stripe_meter_id)
        .order_by(Subscription.status.in_(LIVE_STATUSES), Subscription.created_at)
    ).all()
    found = {client_meter_id: (subscription, item, price) for client_meter_id, subscription, item, price in rows}
    return {
        client_meter_id: Billing(
            subscription, item, terms_in(price, subscription), closing(session, subscription, item)
        )
        for client_meter_id, (subscription, item, price) in found.items()
    }


def terms_in(price: Price, subscription: Subscription) -> Terms | None:
    return terms_of(price, subscription.currency) if has_currency(price, subscription.currency) else None


def closing(session: Session, subscription: Subscription, item: SubscriptionItem) -> datetime:
    """When the invoice of the period that ended last is final: as Stripe says, else an hour after the period."""
    row = session.execute(
        select(Invoice.finalized_at, Invoice.automatically_finalizes_at)
        .where(
            Invoice.processor_account_id == subscription.processor_account_id,
            Invoice.stripe_subscription_id == subscription.stripe_subscription_id,
            Invoice.period_ends_at == item.period_started_at,
        )
        .order_by(Invoice.id.desc())
        .limit(1)
    ).first()
    said = row and (row.finalized_at or row.automatically_finalizes_at)
    return said or item.period_started_at + DRAFT
