"""Counts again what clients use, from their records: what differs is corrected, kept with before and after, and told.

The records are only read, statement by statement, so that no report waits. Where something differs, the client's
reports wait while it is found again and corrected.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Database, Transaction
from billingportal.domain.common import audit
from billingportal.domain.common.due_times import is_impossible
from billingportal.domain.usage import current_use
from billingportal.domain.usage.counting.corrections import correct_day, correct_level, correct_total
from billingportal.domain.usage.counting.differences import WrongDay, WrongTotal, wrong_days, wrong_totals
from billingportal.domain.usage.counting.levels_by_day import WrongLevel, wrong_levels
from billingportal.domain.usage.counting.sums import day_of
from billingportal.domain.usage.counting.use_rows import touch
from billingportal.domain.usage.periods import Period, period_in, stored_periods
from billingportal.domain.usage.reports import ClockTimes, no_clocks
from billingportal.models import Client, ClientUsage, Resource, UsageCorrection
from billingportal.models.usage.usage_correction import CountedThing

log = logging.getLogger(__name__)

# Records are kept for a day longer than they are recounted.
RECOUNTED = timedelta(days=99)
PAUSE = timedelta(hours=20)
BATCH = 20
# Opens a connection for statements that each see one moment.
Reading = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Differences:
    totals: list[WrongTotal]
    days: list[WrongDay]
    levels: list[WrongLevel]
    periods: list[Period]

    def __bool__(self) -> bool:
        return bool(self.totals or self.days or self.levels)


def due_clients(session: Session, moment: datetime) -> list[int]:
    """Up to BATCH clients that were not recounted for 20 hours, the longest waiting first."""
    at = ClientUsage.recounted_at
    is_due = or_(at.is_(None), at <= moment - PAUSE, is_impossible(at, moment))
    rows = select(ClientUsage.client_id).where(is_due).order_by(at.is_not(None), at).limit(BATCH)
    return list(dict.fromkeys(session.scalars(rows)))


def recount_client(
    reading: Reading, transaction: Transaction, client_id: int, clock_times: ClockTimes = no_clocks
) -> list[UsageCorrection]:
    """Recount one client; returns what was corrected."""
    with reading() as connection:
        moment = clock_times(connection, [client_id]).get(client_id, now())
        is_wrong = bool(differences(connection, client_id, moment))
    with transaction() as session:
        found = correct(session, client_id, moment) if is_wrong else []
        corrected = {(client_id, one.resource_id) for one in found}
        found += correct_use(session, client_id, moment)
        touch(session, corrected, now())  # also where it was used in another period
        report(session, client_id, found)
        recounted = update(ClientUsage).where(ClientUsage.client_id == client_id).values(recounted_at=now())
        session.execute(recounted.execution_options(synchronize_session=False))
        return found


def differences(database: Database, client_id: int, moment: datetime) -> Differences:
    """What the records kept, and those of the running period, contradict."""
    since = moment - RECOUNTED
    periods = list(stored_periods(database, [client_id], since).get(client_id, ()))
    first_day = day_of(since + timedelta(days=1))
    return Differences(
        wrong_totals(database, client_id, periods, since, moment),
        wrong_days(database, client_id, first_day),
        wrong_levels(database, client_id, first_day),
        periods,
    )


def correct(session: Session, client_id: int, moment: datetime) -> list[UsageCorrection]:
    """Find the differences again while the client's reports wait, and correct them."""
    lock_client(session, client_id)
    wrong = differences(session, client_id, moment)
    for total in wrong.totals:
        correct_total(session, client_id, total, period_in(wrong.periods, total.starts_at).ends_at)
    for day in wrong.days:
        correct_day(session, client_id, day)
    levels = wrong_levels(session, client_id, day_of(moment - RECOUNTED + timedelta(days=1)))
    for level in levels:
        correct_level(session, client_id, level)
    return [
        *(correction(client_id, "total", one, one.starts_at) for one in wrong.totals),
        *(correction(client_id, "day", one) for one in wrong.days),
        *(correction(client_id, "level", one) for one in levels),
    ]


def correct_use(session: Session, client_id: int, moment: datetime) -> list[UsageCorrection]:
    """Correct what the client uses now where it is not what the totals and levels say."""
    lock_client(session, client_id)
    before = {
        row.resource_id: (row.used, row.period_starts_at, row.kind)
        for row in session.execute(
            select(ClientUsage.resource_id, ClientUsage.used, ClientUsage.period_starts_at, Resource.kind)
            .join(Resource, Resource.id == ClientUsage.resource_id)
            .where(ClientUsage.client_id == client_id)
        )
    }
    pairs = {*((client_id, resource_id) for resource_id in before), *current_use.counters_of(session, client_id)}
    current_use.refresh(session, pairs, {client_id: moment})
    after = session.execute(
        select(ClientUsage.resource_id, ClientUsage.used, ClientUsage.period_starts_at).where(
            ClientUsage.client_id == client_id
        )
    )
    found: list[UsageCorrection] = []
    for resource_id, used, starts_at in after:
        was, began_at, kind = before.get(resource_id, (0, starts_at, "counter"))
        if was != used and began_at == starts_at:
            counted: CountedThing = "level" if kind == "gauge" else "total"
            found.append(new_correction(client_id, resource_id, counted, (was, used), starts_at))
    return found


def lock_client(session: Session, client_id: int) -> None:
    session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True)).all()


def correction(
    client_id: int,
    counted: CountedThing,
    wrong: WrongTotal | WrongDay | WrongLevel,
    starts_at: datetime | None = None,
) -> UsageCorrection:
    return new_correction(client_id, wrong.resource_id, counted, (wrong.before, wrong.after), starts_at)


def new_correction(
    client_id: int, resource_id: int, counted: CountedThing, numbers: tuple[int, int], starts_at: datetime | None
) -> UsageCorrection:
    before, after = numbers
    return UsageCorrection(
        client_id=client_id,
        resource_id=resource_id,
        counted=counted,
        period_starts_at=starts_at,
        before=before,
        after=after,
        found_at=now(),
    )


def report(session: Session, client_id: int, found: list[UsageCorrection]) -> None:
    """Keep what was corrected, and tell staff and the log."""
    session.add_all(found)
    for one in found:
        name = session.get_one(Resource, one.resource_id).name
        words = f"Corrected the {one.counted} of {name} from {one.before:,} to {one.after:,}, the sum of the records"
        subject = ("client", client_id)
        audit.record_act(session, audit.Act("usage.corrected", words, actor="sync", subject=subject))
        log.warning("client %s: %s", client_id, words)
    session.flush()
