"""Which totals Stripe is asked for: of which client, meter and days. Days without news are not asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.metering.ledger.billing import billings
from billingportal.domain.metering.sending.stripe_meter import customer_of, of_same_meter
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.models import Client, ClientMeter, MeterDay, MeterEvent
from billingportal.models.metering.meter_event import UNCONFIRMED

# Stripe takes no event that is older, so older days do not change any more.
REACH = timedelta(days=35)
# Stripe counts within minutes, usually.
SOON, OFTEN = timedelta(minutes=10), timedelta(hours=1)


@dataclass(frozen=True)
class Ask:
    """All rows of a client and a meter have one total at Stripe; `ids` are these rows, the newest first.

    `days` are the first and the last day; None: no day has news. `turns` are the client's times at which its totals
    are read once more; `is_on_clock`: it lives by a test clock.
    """

    ids: tuple[int, ...]
    stripe_meter_id: str
    stripe_customer_id: str
    days: tuple[date, date] | None
    turns: tuple[datetime, ...]
    is_on_clock: bool


def expect_totals(row: ClientMeter, sent_at: datetime) -> None:
    """Have the totals of a client meter read soon, because Stripe took an event of it; at most once an hour."""
    soon = max(sent_at + SOON, row.compared_at + OFTEN) if row.compared_at else sent_at + SOON
    row.compare_after = min(row.compare_after or soon, soon)


def due_rows(session: Session, account_id: int, limit: int) -> list[int]:
    """The client meters whose totals are due, the longest due first."""
    return list(
        session.scalars(
            select(ClientMeter.id)
            .where(ClientMeter.processor_account_id == account_id, ClientMeter.compare_after <= now())
            .order_by(ClientMeter.compare_after)
            .limit(limit)
        )
    )


def rows_to_check(session: Session, account_id: int, client_id: int | None, limit: int) -> list[int]:
    """The client meters that somebody wants compared now: those that differ first, then the longest not compared."""
    differing = select(MeterDay.client_meter_id).where(MeterDay.differs_since.is_not(None))
    mine = [ClientMeter.client_id == client_id] if client_id is not None else []
    return list(
        session.scalars(
            select(ClientMeter.id)
            .where(ClientMeter.processor_account_id == account_id, *mine)
            .order_by(ClientMeter.id.in_(differing).desc(), ClientMeter.compared_at.nulls_first(), ClientMeter.id)
            .limit(limit)
        )
    )


def make_due(session: Session, account_id: int) -> None:
    """Have the worker compare all that was not compared just now."""
    moment = now()
    session.execute(
        update(ClientMeter)
        .where(
            ClientMeter.processor_account_id == account_id,
            ClientMeter.compared_at.is_(None) | (ClientMeter.compared_at < moment - timedelta(minutes=1)),
        )
        .values(compare_after=moment)
        .execution_options(synchronize_session=False)
    )


def ask_for(session: Session, client_meter_id: int, *, all_open: bool = False) -> Ask | None:
    """What to ask for a client meter. None: nothing can be asked, so the row is due no more.

    The days with news; all days of the open periods where `all_open` says so, or a period has just turned.
    """
    row = session.get_one(ClientMeter, client_meter_id)
    rows = siblings(session, row)
    customer_id = customer_of(session, row)
    days = days_of(session, [one.id for one in rows])
    if customer_id is None:
        for one in rows:
            one.compare_after = None
        return None
    moment = moment_of(session, session.get_one(Client, row.client_id))
    billing = next(iter(billings(session, [one.id for one in rows]).values()), None)
    wanted = news(session, [one.id for one in rows], days)
    if all_open or (billing is not None and billing.has_turned(row.compared_at, moment)):
        since = (
            billing.open_since(moment).date()
            if billing
            else max([row.begins_at, *(day.period_starts_at for day in days)]).date()
        )
        wanted |= {since, moment.date()}
    return Ask(
        ids=tuple(one.id for one in rows),
        stripe_meter_id=row.stripe_meter_id,
        stripe_customer_id=customer_id,
        days=(min(wanted), max(wanted)) if wanted else None,
        turns=billing.turns if billing else (),
        is_on_clock=abs(moment - now()) > timedelta(minutes=1),
    )


def siblings(session: Session, row: ClientMeter) -> list[ClientMeter]:
    """All rows of the client and the meter, the newest first: it may have come back to it, or use it twice."""
    return list(
        session.scalars(
            select(ClientMeter).where(*of_same_meter(row)).order_by(ClientMeter.begins_at.desc(), ClientMeter.id.desc())
        )
    )


def days_of(session: Session, ids: Sequence[int]) -> list[MeterDay]:
    """The days that may still change, the newest first."""
    newest = select(MeterDay.day).where(MeterDay.client_meter_id.in_(ids)).order_by(MeterDay.day.desc()).limit(1)
    last = session.scalar(newest)
    if last is None:
        return []
    reached = select(MeterDay).where(MeterDay.client_meter_id.in_(ids), MeterDay.day >= last - REACH)
    return list(session.scalars(reached.order_by(MeterDay.day.desc())))


def news(session: Session, ids: Sequence[int], days: Sequence[MeterDay]) -> set[date]:
    """The days with events that no total has confirmed, and those that Stripe's last total does not agree with."""
    if not days:
        return set()
    sent: dict[date, int] = {}
    for day in days:
        sent[day.day] = sent.get(day.day, 0) + day.sent
    differing = {day.day for day in days if day.differs_since or is_news(day, sent[day.day])}
    return differing | {day for day in unconfirmed_days(session, ids) if day >= days[-1].day}


def unconfirmed_days(session: Session, ids: Sequence[int]) -> set[date]:
    mine = select(MeterEvent.day).distinct().where(MeterEvent.client_meter_id.in_(ids), UNCONFIRMED)
    return set(session.scalars(mine))


def is_news(day: MeterDay, sent: int) -> bool:
    """Whether Stripe's total is not known to be what was sent. Nothing sent and never asked is no news."""
    return day.at_stripe != sent if day.at_stripe is not None else sent != 0
