"""Marks the meter events that a report names as rejected, and those that it may mean as in doubt."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.metering import outbox, rejections
from billingportal.domain.metering.sending.claims import is_still_open
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.models import Client, ClientMeter, MeterErrorReport, MeterEvent
from billingportal.plain_json import Json
from billingportal.stripe_gateway.objects.meters import ErrorReportCopy, MeterErrorCopy

# A repeated call has its number behind the identifier, as its idempotency key.
REPEATED = re.compile(r"-\d+\Z")
# Stripe validates events some time after it took them: its window is wider, looked at from here.
BEFORE, AFTER = timedelta(hours=1), timedelta(minutes=5)
BATCH = 500


def apply(transaction: Transaction, report_id: int, report: ErrorReportCopy) -> None:
    """Mark what the report says. It may come after the invoice, which is no error.

    One report may put very many events in doubt: no transaction takes more than a batch of them. What a worker left
    half done is done again, with the same result.
    """
    with transaction() as session:
        may_mean = mark_named(session, session.get_one(MeterErrorReport, report_id, with_for_update=True), report)
    doubted = 0
    for start in range(0, len(may_mean), BATCH):
        with transaction() as session:
            doubted += doubt(session, may_mean[start : start + BATCH])
    with transaction() as session:
        row = session.get_one(MeterErrorReport, report_id, with_for_update=True)
        if row.applied_at is None:  # else another worker was quicker, after this one's lease
            row.applied_at, row.next_attempt_at = now(), None
            record(session, row, doubted)


def mark_named(session: Session, row: MeterErrorReport, report: ErrorReportCopy) -> list[int]:
    """Reject the events that a report names, and store what it says. The ids of those that it may mean as well."""
    row.window_starts_at, row.window_ends_at = report.window_starts_at, report.window_ends_at
    row.error_count, row.summary = report.error_count, report.summary
    row.detail = {"errors": [as_json(error) for error in report.errors]}
    named = [(error, named_events(session, row.processor_account_id, error.samples)) for error in report.errors]
    row.named_count = sum(len(events) for _, events in named)
    outbox.lock_meters(session, [event.id for _, events in named for event in events])
    for error, events in named:
        reject(session, error, events)
    names_all = report.error_count <= sum(len(error.samples) for error in report.errors)
    return [] if names_all else sent_then(session, row)


def as_json(error: MeterErrorCopy) -> Json:
    samples = cast(Json, [sorted(names) for names in error.samples])
    return {"code": error.code, "error_count": error.error_count, "message": error.message, "samples": samples}


def reject(session: Session, error: MeterErrorCopy, events: Sequence[MeterEvent]) -> None:
    """Reject the events that the samples name."""
    problem = rejections.words_of(error.code, error.message)
    too_late = [event.id for event in events if not may_be_sent_again(session, event)]
    in_time = [event.id for event in events if event.id not in too_late]
    outbox.reject(session, in_time, error.code, problem)
    outbox.reject(session, too_late, error.code, f"{problem} {rejections.AFTER_THE_INVOICE}")


def named_events(session: Session, account_id: int, samples: Iterable[frozenset[str]]) -> Sequence[MeterEvent]:
    """The account's events with these names: their identifier, or the idempotency key of one of their calls.

    Others may report to the account's meters too, so it may be fewer than the samples.
    """
    names = {name for sample in samples for given in sample for name in (given, REPEATED.sub("", given))}
    return session.scalars(
        select(MeterEvent)
        .join(ClientMeter, ClientMeter.id == MeterEvent.client_meter_id)
        .where(ClientMeter.processor_account_id == account_id, MeterEvent.identifier.in_(names))
        .order_by(MeterEvent.id)
    ).all()


def may_be_sent_again(session: Session, event: MeterEvent) -> bool:
    """Whether Stripe would still bill the event in its period."""
    meter = session.get_one(ClientMeter, event.client_meter_id)
    return is_still_open(session, meter, event, moment_of(session, session.get_one(Client, meter.client_id)))


def doubt(session: Session, event_ids: Collection[int]) -> int:
    """Put events in doubt that are not rejected now, until the ledger agrees; how many there are."""
    outbox.lock_meters(session, event_ids)
    events = session.scalars(
        select(MeterEvent)
        .where(MeterEvent.id.in_(event_ids), MeterEvent.state == "sent")
        .order_by(MeterEvent.id)
        .execution_options(populate_existing=True)
    ).all()
    for event in events:
        event.state, event.problem = "in_doubt", rejections.IN_DOUBT
    outbox.refresh_events(session, events)
    return len(events)


def sent_then(session: Session, row: MeterErrorReport) -> list[int]:
    """The ids of the events that Stripe took around the report's window, of its meter where it names one."""
    ends_at = row.window_ends_at or row.created_at
    starts_at = row.window_starts_at or ends_at
    wanted = (
        select(MeterEvent.id)
        .join(ClientMeter, ClientMeter.id == MeterEvent.client_meter_id)
        .where(
            ClientMeter.processor_account_id == row.processor_account_id,
            MeterEvent.state == "sent",
            MeterEvent.sent_at >= starts_at - BEFORE,
            MeterEvent.sent_at <= ends_at + AFTER,
        )
        .order_by(MeterEvent.id)
    )
    if row.stripe_meter_id is not None:
        wanted = wanted.where(ClientMeter.stripe_meter_id == row.stripe_meter_id)
    return list(session.scalars(wanted))


def record(session: Session, row: MeterErrorReport, doubted: int) -> None:
    """Write down what Stripe reported of events of ours; others may report to the account's meters too."""
    if not row.named_count and not doubted:
        return
    events = "1 meter event" if row.error_count == 1 else f"{row.error_count} meter events"
    act = audit.Act(
        "meter_error_report.applied",
        f"Stripe rejected {events} after it took them: {row.named_count} named, {doubted} in doubt",
        actor="sync",
        subject=("meter_error_report", row.id),
        processor_account_id=row.processor_account_id,
    )
    audit.record_act(session, act)
