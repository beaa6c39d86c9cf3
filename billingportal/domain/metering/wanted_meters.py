"""Which meters should bill a client now: those of its subscription, else those of its plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.entitlements.plan_matching import links_of
from billingportal.domain.plans.bought_links import prices_shown
from billingportal.models import (
    Client,
    Entitlement,
    PlanChange,
    PlanPrice,
    Price,
    ProcessorAccount,
    Subscription,
    SubscriptionItem,
)

# A price that changes at a renewal is known here within that time.
RENEWING = timedelta(hours=2)


@dataclass(frozen=True)
class MeterKey:
    resource_id: int
    processor_account_id: int
    stripe_meter_id: str


@dataclass(frozen=True)
class Wanted:
    """Since when a meter bills a client's use, in the client's time, and by which subscription."""

    begins_at: datetime
    subscription: Subscription | None = None


def main_subscription(session: Session, entitlement: Entitlement) -> Subscription | None:
    if entitlement.stripe_subscription_id is None:
        return None
    return session.scalar(
        select(Subscription)
        .where(
            Subscription.processor_account_id == entitlement.processor_account_id,
            Subscription.stripe_subscription_id == entitlement.stripe_subscription_id,
        )
        .execution_options(populate_existing=True)
    )


def wanted_by_subscription(
    session: Session, client_id: int, entitlement: Entitlement, main: Subscription, on_clock: datetime | None
) -> Iterable[tuple[MeterKey, Wanted]]:
    """The meters of the subscription's metered prices, by the links by which the prices were sold."""
    items = {item.stripe_price_id: item for item in main.items}
    prices = metered_prices(session, main.processor_account_id, items)
    links = links_of(session, client_id, main, items, entitlement.plan_id).by_price
    for price_id, meter_id in prices.items():
        link = links.get(price_id)
        if link is not None and link.role == "usage" and link.resource_id is not None:
            key = MeterKey(link.resource_id, main.processor_account_id, meter_id)
            yield key, Wanted(priced_at(session, main, items[price_id], on_clock), main)


def priced_at(session: Session, main: Subscription, item: SubscriptionItem, on_clock: datetime | None) -> datetime:
    """Since when the item has its price, in the client's time; rather too early than too late.

    What is reported to the meter before, after it has left the subscription, would never be billed. So a change that
    the portal made counts from its request on, after which nothing was sent to the former meter.
    """
    change = change_to(session, main, item.stripe_price_id)
    if change is not None:
        is_later = change.timing == "renewal"
        return (change.takes_effect_at if is_later else None) or on_clock or change.created_at
    if on_clock is not None or item.priced_at is None:
        return main.started_at
    if timedelta(0) <= item.priced_at - item.period_started_at < RENEWING:
        return item.period_started_at
    return min(item.priced_at, now())


def change_to(session: Session, main: Subscription, price_id: str) -> PlanChange | None:
    """The newest plan change that brought the price."""
    changes = session.scalars(
        select(PlanChange)
        .where(
            PlanChange.processor_account_id == main.processor_account_id,
            PlanChange.stripe_subscription_id == main.stripe_subscription_id,
        )
        .order_by(PlanChange.id.desc())
    )
    return next((one for one in changes if price_id in prices_shown(one.preview)), None)


def metered_prices(session: Session, account_id: int, price_ids: Iterable[str]) -> dict[str, str]:
    """The meters of those prices that have one, by price id."""
    rows = session.execute(
        select(Price.stripe_price_id, Price.stripe_meter_id).where(
            Price.processor_account_id == account_id,
            Price.stripe_price_id.in_(list(price_ids)),
            Price.stripe_meter_id.is_not(None),
        )
    )
    return {price_id: meter_id for price_id, meter_id in rows if meter_id is not None}


def wanted_by_plan(session: Session, client: Client, entitlement: Entitlement) -> Iterable[tuple[MeterKey, Wanted]]:
    """The meters of the plan's prices for sale, for a client that has no subscription yet. A gift bills nothing."""
    if entitlement.plan_id is None or entitlement.source == "comp":
        return
    rows = session.execute(
        select(PlanPrice.resource_id, PlanPrice.processor_account_id, Price.stripe_meter_id)
        .join(
            Price,
            (Price.processor_account_id == PlanPrice.processor_account_id)
            & (Price.stripe_price_id == PlanPrice.stripe_price_id),
        )
        .join(ProcessorAccount, ProcessorAccount.id == PlanPrice.processor_account_id)
        .where(
            PlanPrice.plan_id == entitlement.plan_id,
            PlanPrice.role == "usage",
            PlanPrice.retired_at.is_(None),
            ProcessorAccount.mode == client.mode,
            ProcessorAccount.state == "connected",
        )
    )
    for resource_id, account_id, meter_id in rows:
        if resource_id is not None and meter_id is not None:
            yield MeterKey(resource_id, account_id, meter_id), Wanted(entitlement.since)
