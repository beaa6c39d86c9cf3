"""Stripe's reports about meter events that it took and rejected later: stored once, whichever way they come, and read.

A notice comes to the event destination, or is found in Stripe's list of events; a worker fetches its report.
"""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Database, Transaction
from billingportal.domain.common.due_times import is_due
from billingportal.domain.connection.event_destination import REPORTS
from billingportal.domain.metering import report_marks
from billingportal.domain.sync import row_sql
from billingportal.models import EventDestination, MeterErrorReport, ProcessorAccount
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, StripeProblem, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.meters import ThinEventCopy

TABLE = cast(Table, MeterErrorReport.__table__)
BATCH = 50
# A worker that dies leaves its reports to the others after this long.
LEASE = timedelta(minutes=3)
RETRY_SECONDS = (5, 30, 120, 600, 3600)
LONGEST_PAUSE = timedelta(seconds=RETRY_SECONDS[-1])
# How often the list is read: instead of deliveries, and beside them, since some may be lost.
EVERY_WITHOUT_DELIVERIES = timedelta(minutes=1)
EVERY = timedelta(minutes=10)
# Nobody promises that a list has an event at once.
OVERLAP = timedelta(minutes=10)
# Stripe keeps events for 30 days.
KEPT = timedelta(days=30)
GONE = "Stripe keeps reports for 30 days, and does not have this one any more."
# Problems of one report alone.
OF_ONE = (RequestRefused, RightMissing, UnreadableObject)


def is_report(notice: ThinEventCopy) -> bool:
    """Whether a notice is of a report about meter events."""
    return notice.type in REPORTS


def store_notice(database: Database, processor_account_id: int, notice: ThinEventCopy) -> bool:
    """Store the notice of a report, which a worker then reads. False when it was stored before."""
    moment = now()
    values = {
        "processor_account_id": processor_account_id,
        "stripe_event_id": notice.stripe_event_id,
        "type": notice.type,
        "stripe_meter_id": notice.related_object_id,
        "created_at": notice.created_at,
        "received_at": moment,
        "attempts": 0,
        "next_attempt_at": moment,
        "error_count": 0,
        "named_count": 0,
        "summary": "",
        "detail": {},
    }
    return database.execute(row_sql.add_row(database, TABLE), values).scalar_one_or_none() is not None


def due_accounts(session: Session) -> list[int]:
    """The connected accounts with reports to be read."""
    return list(
        session.scalars(
            select(ProcessorAccount.id)
            .join(MeterErrorReport, MeterErrorReport.processor_account_id == ProcessorAccount.id)
            .where(ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working")
            .where(MeterErrorReport.applied_at.is_(None))
            .where(is_due(MeterErrorReport.next_attempt_at, now(), LONGEST_PAUSE))
            .distinct()
        )
    )


def read_reports(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Fetch the account's reports that are due, and mark the events that they name. Raises a StripeProblem."""
    for report_id, event_id in claim(transaction, account_id):
        try:
            report = gateway.thin_events.error_report(event_id)
        except NotThere:
            with transaction() as session:
                finish(session.get_one(MeterErrorReport, report_id), GONE)
        except OF_ONE as problem:
            postpone(transaction, report_id, problem)
        except StripeProblem as problem:
            postpone(transaction, report_id, problem)
            raise
        else:
            report_marks.apply(transaction, report_id, report)


def claim(transaction: Transaction, account_id: int) -> list[tuple[int, str]]:
    """The ids of reports that are due, with those of their events, taken for this worker until the lease ends."""
    moment = now()
    with transaction() as session:
        rows = session.scalars(
            select(MeterErrorReport)
            .where(
                MeterErrorReport.processor_account_id == account_id,
                MeterErrorReport.applied_at.is_(None),
                is_due(MeterErrorReport.next_attempt_at, moment, LONGEST_PAUSE),
            )
            .order_by(MeterErrorReport.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.attempts += 1
            row.next_attempt_at = moment + LEASE
        return [(row.id, row.stripe_event_id) for row in rows]


def postpone(transaction: Transaction, report_id: int, problem: StripeProblem) -> None:
    """Read the report later; the pause grows each time."""
    with transaction() as session:
        row = session.get_one(MeterErrorReport, report_id)
        pause = RETRY_SECONDS[min(row.attempts, len(RETRY_SECONDS)) - 1]
        row.next_attempt_at = now() + timedelta(seconds=pause)
        row.summary = problem.message


def finish(row: MeterErrorReport, summary: str) -> None:
    row.applied_at, row.next_attempt_at, row.summary = now(), None, summary


def claim_polls(transaction: Transaction) -> list[int]:
    """The connected accounts whose list of reports is to be read, taken for this worker until the lease ends."""
    moment = now()
    with transaction() as session:
        rows = session.scalars(
            select(EventDestination)
            .join(ProcessorAccount, ProcessorAccount.id == EventDestination.processor_account_id)
            .where(ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working")
            .where(is_due(EventDestination.next_read_at, moment, EVERY))
            .with_for_update(skip_locked=True, of=EventDestination)
        ).all()
        for row in rows:
            row.next_read_at = moment + EVERY_WITHOUT_DELIVERIES
        return [row.processor_account_id for row in rows]


def poll(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Store the notices that no delivery brought, from Stripe's list. Raises a StripeProblem."""
    with transaction() as session:
        row, account = destination(session, account_id), session.get_one(ProcessorAccount, account_id)
        since, livemode, contexts = since_when(row, account), account.livemode, (None, account.stripe_account_id)
    notices, reading = gateway.thin_events.since(since, REPORTS)
    with transaction() as session:
        for notice in notices:
            if is_report(notice) and notice.livemode is livemode and notice.context in contexts:
                store_notice(session, account_id, notice)
        row = destination(session, account_id)
        row.read_up_to = max(row.read_up_to or since, reading.certain_since)
        moment = now()
        if row.next_read_at is not None and row.next_read_at > moment:  # else a repair asked for another reading
            row.next_read_at = moment + (EVERY if row.state == "registered" else EVERY_WITHOUT_DELIVERIES)


def destination(session: Session, account_id: int) -> EventDestination:
    return session.scalars(select(EventDestination).where(EventDestination.processor_account_id == account_id)).one()


def since_when(row: EventDestination, account: ProcessorAccount) -> datetime:
    """Where reading goes on: at first at the connection, since nothing was sent before it."""
    moment = now()
    return max((row.read_up_to or account.connected_at or moment) - OVERLAP, moment - KEPT)
