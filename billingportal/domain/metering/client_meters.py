"""Which meter bills a client's use of a resource, and since when: follows its subscription and entitlement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.entitlements.plan_matching import links_of
from billingportal.domain.metering.corrections import is_unsent
from billingportal.domain.metering.counted.segments import REACH
from billingportal.domain.metering.outbox import make_due, refresh_events
from billingportal.domain.plans.bought_links import prices_shown
from billingportal.domain.subscriptions.client_clock import clock_time
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import (
    Client,
    ClientMeter,
    Entitlement,
    MeterEvent,
    PlanChange,
    PlanPrice,
    Price,
    ProcessorAccount,
    Subscription,
)
from billingportal.models.entitlements.entitlement import TO_METER

BATCH = 50


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


def follow_due(transaction: Transaction) -> int:
    """Work out the meters of all clients whose entitlement was evaluated since; how many there were."""
    number = 0
    while True:
        with transaction() as session:
            client_ids = session.scalars(select(Entitlement.client_id).where(TO_METER).limit(BATCH)).all()
        for client_id in client_ids:
            with transaction() as session:
                follow(session, client_id)
        number += len(client_ids)
        if len(client_ids) < BATCH:
            return number


def follow(session: Session, client_id: int) -> None:
    """Begin and end the client's meters as its subscription and entitlement say, and have its events prepared."""
    client = session.get_one(Client, client_id, with_for_update={"key_share": True})
    entitlement = session.scalar(
        select(Entitlement).where(Entitlement.client_id == client_id).execution_options(populate_existing=True)
    )
    if entitlement is None:
        return
    on_clock = clock_time(session, client)
    moment = on_clock or now()
    main = main_subscription(session, entitlement)
    wanted = dict(
        wanted_by_subscription(session, client_id, entitlement, main, on_clock)
        if main is not None and main.status in LIVE_STATUSES
        else wanted_by_plan(session, client, entitlement)
    )
    rows = rows_of(session, client_id)
    ended_at = main.ended_at if main is not None else None
    end_others(session, rows, wanted, min(ended_at or moment, moment))
    begin_wanted(session, client_id, rows, wanted, moment)
    for row in rows_of(session, client_id):
        row.prepared_revision, row.prepared_at = -1, None
    session.execute(
        update(Entitlement).where(Entitlement.id == entitlement.id).values(metered_as_of=entitlement.evaluated_at)
    )


def rows_of(session: Session, client_id: int) -> Sequence[ClientMeter]:
    """All meters of the client, oldest first, locked."""
    return session.scalars(
        select(ClientMeter)
        .where(ClientMeter.client_id == client_id)
        .order_by(ClientMeter.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


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
            begins_at = items[price_id].priced_at or main.started_at
            if on_clock is not None:
                begins_at = on_clock if was_changed_to(session, main, price_id) else main.started_at
            yield key, Wanted(begins_at, main)


def was_changed_to(session: Session, main: Subscription, price_id: str) -> bool:
    """Whether a plan change brought the price. When an item got its price is known by the real time only, which says
    nothing on a test clock.
    """
    changes = session.scalars(
        select(PlanChange.preview).where(PlanChange.stripe_subscription_id == main.stripe_subscription_id)
    )
    return any(price_id in prices_shown(preview) for preview in changes)


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


def key_of(row: ClientMeter) -> MeterKey:
    return MeterKey(row.resource_id, row.processor_account_id, row.stripe_meter_id)


def goes_on(row: ClientMeter, wanted: Wanted | None) -> bool:
    """Whether the row is still the wanted one: of the same subscription, or of one that it waited for."""
    if wanted is None:
        return False
    subscription_id = wanted.subscription.stripe_subscription_id if wanted.subscription else None
    return row.stripe_subscription_id in (None, subscription_id)


def end_others(
    session: Session, rows: Sequence[ClientMeter], wanted: Mapping[MeterKey, Wanted], ended_at: datetime
) -> None:
    """End the rows that nothing wants any more: when another meter of the resource took over, else at `ended_at`."""
    for row in rows:
        if row.ends_at is not None or goes_on(row, wanted.get(key_of(row))):
            continue
        followers = [one.begins_at for key, one in wanted.items() if key.resource_id == row.resource_id]
        row.ends_at = max(min(followers, default=ended_at), row.begins_at)
        take_back_later_events(session, row, row.ends_at)


def take_back_later_events(session: Session, row: ClientMeter, ends_at: datetime) -> None:
    """Take back events of the time after the end, which were prepared before the end was known."""
    later = (MeterEvent.client_meter_id == row.id, MeterEvent.at >= ends_at)
    unsent = session.scalars(select(MeterEvent).where(*later, is_unsent())).all()
    sent = session.scalars(select(MeterEvent).where(*later, MeterEvent.state.in_(("sent", "confirmed")))).all()
    for event in unsent:
        event.state = "cancelled"
    for event in sent:
        event.state, event.attempts = "cancelling", 0
        make_due(row)
    refresh_events(session, [*unsent, *sent])


def begin_wanted(
    session: Session,
    client_id: int,
    rows: Sequence[ClientMeter],
    wanted: Mapping[MeterKey, Wanted],
    moment: datetime,
) -> None:
    running = {key_of(row): row for row in rows if row.ends_at is None}
    for key, one in wanted.items():
        row = running.get(key)
        if row is None:
            ends = [row.ends_at for row in rows if row.resource_id == key.resource_id and row.ends_at is not None]
            begins_at = max(one.begins_at, moment - REACH, *(end for end in ends if end <= moment))
            row = ClientMeter(client_id=client_id, begins_at=begins_at, compare_after=now(), **vars(key))
            session.add(row)
        if one.subscription is not None and row.stripe_subscription_id is None:
            row.stripe_subscription_id = one.subscription.stripe_subscription_id
            row.billed_from = one.subscription.started_at
    session.flush()
