"""The sums of each meter over all clients, kept for the ledger's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, delete, func, select
from sqlalchemy.orm import Session

from billingportal.models import ClientMeter, MeterDay, MeterSum


@dataclass(frozen=True)
class Sums:
    """`open_days`: days that Stripe has not confirmed wholly, and that do not count as a difference yet."""

    processor_account_id: int
    stripe_meter_id: str
    counted: int
    sent: int
    at_stripe: int
    open_days: int
    oldest_comparison: datetime | None


def read_sums(session: Session) -> list[Sums]:
    """The sums of every client's newest billing period. It reads all of them: a background job's work."""
    newest = (
        select(MeterDay.client_meter_id, func.max(MeterDay.period_starts_at).label("period_starts_at"))
        .group_by(MeterDay.client_meter_id)
        .subquery()
    )
    is_newest = and_(
        MeterDay.client_meter_id == newest.c.client_meter_id, MeterDay.period_starts_at == newest.c.period_starts_at
    )
    is_open = MeterDay.differs_since.is_(None) & (func.coalesce(MeterDay.at_stripe, 0) != MeterDay.counted)
    rows = session.execute(
        select(
            ClientMeter.processor_account_id,
            ClientMeter.stripe_meter_id,
            func.sum(MeterDay.counted),
            func.sum(MeterDay.sent),
            func.coalesce(func.sum(MeterDay.at_stripe), 0),
            func.sum(case((is_open, 1), else_=0)),
            func.min(case((is_open, MeterDay.compared_at))),
        )
        .select_from(MeterDay)
        .join(newest, is_newest)
        .join(ClientMeter, ClientMeter.id == MeterDay.client_meter_id)
        .group_by(ClientMeter.processor_account_id, ClientMeter.stripe_meter_id)
    )
    return [
        Sums(account_id, meter_id, int(counted), int(sent), int(at_stripe), int(open_days), oldest)
        for account_id, meter_id, counted, sent, at_stripe, open_days, oldest in rows
    ]


def write_sums(session: Session, found: Sequence[Sums], summed_at: datetime) -> None:
    """Replace all stored sums."""
    session.execute(delete(MeterSum))
    session.add_all(
        MeterSum(
            processor_account_id=one.processor_account_id,
            stripe_meter_id=one.stripe_meter_id,
            counted=one.counted,
            sent=one.sent,
            at_stripe=one.at_stripe,
            agrees_up_to=one.oldest_comparison if one.open_days else summed_at,
            summed_at=summed_at,
        )
        for one in found
    )
