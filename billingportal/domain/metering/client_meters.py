"""Which meter bills a client's use of a resource, and since when: follows its subscription and entitlement."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.metering.corrections import is_unsent
from billingportal.domain.metering.counted.segments import REACH
from billingportal.domain.metering.outbox import make_due, refresh_events
from billingportal.domain.metering.wanted_meters import (
    MeterKey,
    Wanted,
    main_subscription,
    wanted_by_plan,
    wanted_by_subscription,
)
from billingportal.domain.subscriptions.client_clock import clock_time
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models import (
    Client,
    ClientMeter,
    Entitlement,
    MeterEvent,
)
from billingportal.models.entitlements.entitlement import TO_METER

BATCH = 50


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
