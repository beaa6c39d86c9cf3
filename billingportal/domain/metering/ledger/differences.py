"""The open differences of the ledger: whom they concern, what they are worth, and whether they can still be mended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.metering.ledger.billing import Billing, billings
from billingportal.domain.metering.ledger.keys import DifferenceKey
from billingportal.domain.metering.ledger.worth import added_units, worth
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.models import Client, ClientMeter, Meter, MeterDay, MeterEvent, Resource
from billingportal.models.metering.meter_event import TO_LOOK_AT
from billingportal.money import Money


@dataclass(frozen=True)
class Owner:
    """Whose use of what a row of the ledger is about."""

    row: ClientMeter
    client: Client
    resource: Resource
    meter: Meter


@dataclass(frozen=True)
class Difference:
    """`units` is never negative. `amount` is what the difference adds to the charge of its period, negative for a
    credit; None where no price says it. `is_open`: use of the period can still be reported to Stripe."""

    key: DifferenceKey
    owner: Owner
    billing: Billing | None
    amount: Money | None
    is_open: bool

    @property
    def units(self) -> int:
        return abs(self.key.value)


PeriodKey = tuple[int, datetime]


def describe(session: Session, keys: Sequence[DifferenceKey], moment: datetime) -> list[Difference]:
    """The differences with all that pages and acts need of them, in the same order. `moment` is the real time."""
    ids = {key.client_meter_id for key in keys}
    owners = owners_of(session, ids)
    billed = billings(session, ids)
    reported, doubted = period_totals(session, owners), doubted_totals(session, owners)
    clocks = clock_times(session, [one.client.id for one in owners.values()])
    found = []
    for key in keys:
        owner, billing = owners[key.client_meter_id], billed.get(key.client_meter_id)
        period = (key.client_meter_id, key.period_starts_at)
        # What Stripe lacks for certain is in doubt then, and no longer counts as sent.
        base = reported.get(period, 0) + (doubted.get(period, 0) if key.kind == "missing" else 0)
        is_open = billing is not None and billing.is_open(key.period_starts_at, clocks.get(owner.client.id, moment))
        found.append(Difference(key, owner, billing, amount_of(key, owner.meter, billing, base), is_open))
    return found


def owners_of(session: Session, ids: Collection[int]) -> dict[int, Owner]:
    """By client meter."""
    rows = session.execute(
        select(ClientMeter, Client, Resource, Meter)
        .join(Client, Client.id == ClientMeter.client_id)
        .join(Resource, Resource.id == ClientMeter.resource_id)
        .join(
            Meter,
            (Meter.processor_account_id == ClientMeter.processor_account_id)
            & (Meter.stripe_meter_id == ClientMeter.stripe_meter_id),
        )
        .where(ClientMeter.id.in_(ids))
    )
    return {row.id: Owner(row, client, resource, meter) for row, client, resource, meter in rows}


def period_totals(session: Session, owners: Mapping[int, Owner]) -> dict[PeriodKey, int]:
    """What was sent in each period: the sum, or the last level."""
    rows = session.execute(
        select(MeterDay.client_meter_id, MeterDay.period_starts_at, MeterDay.sent)
        .where(MeterDay.client_meter_id.in_(owners))
        .order_by(MeterDay.day)
    )
    found: dict[PeriodKey, int] = {}
    for row_id, period, sent in rows:
        before = 0 if owners[row_id].meter.aggregation == "last" else found.get((row_id, period), 0)
        found[row_id, period] = before + sent
    return found


def doubted_totals(session: Session, owners: Mapping[int, Owner]) -> dict[PeriodKey, int]:
    """The units in doubt in each period, of meters that add up."""
    rows = session.execute(
        select(MeterEvent.client_meter_id, MeterEvent.period_starts_at, func.sum(MeterEvent.value))
        .where(MeterEvent.client_meter_id.in_(owners), TO_LOOK_AT, MeterEvent.state == "in_doubt")
        .group_by(MeterEvent.client_meter_id, MeterEvent.period_starts_at)
    )
    return {
        (row_id, period): int(value) for row_id, period, value in rows if owners[row_id].meter.aggregation != "last"
    }


def amount_of(key: DifferenceKey, meter: Meter, billing: Billing | None, base: int) -> Money | None:
    """What the difference adds to the charge: what is missing was sent, so it counts in the base already."""
    if billing is None or billing.terms is None:
        return None
    if key.kind in ("missing", "more"):
        low = base + min(key.value, 0)
        return worth(billing.terms, low, abs(key.value))
    return worth(billing.terms, base, added_units(meter, base, key.value, key.count))
