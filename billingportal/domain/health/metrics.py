"""Figures for a monitoring system, from rows, so that they are right for any number of processes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.connection.processor_accounts import connected
from billingportal.domain.health.agreement import agreement
from billingportal.domain.health.findings.machine.worker import heartbeat, worker_gone
from billingportal.domain.health.findings.store import IS_STANDING
from billingportal.models import (
    HealthFinding,
    JobRun,
    OutgoingDelivery,
    OutgoingMail,
    ProcessorAccount,
    RequestCount,
    StripeEvent,
)
from billingportal.models.connection.processor_account import MODES
from billingportal.models.outgoing_webhooks.outgoing_delivery import IS_WAITING

Labels = dict[str, str]


@dataclass(frozen=True)
class Metric:
    """One name with its samples. `kind` is Prometheus' type; times and ages are in seconds."""

    name: str
    kind: str
    help: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)


def metrics(session: Session) -> Iterator[Metric]:
    """Every metric, read at once."""
    moment = now()
    yield findings(session, moment)
    yield from checks(session, moment)
    yield from lags(session, moment)
    yield from queues(session)
    yield from jobs(session, moment)
    rows = session.execute(select(RequestCount.kind, RequestCount.status, RequestCount.count))
    samples: list[tuple[Labels, float]] = [({"kind": row[0], "status": row[1]}, row[2]) for row in rows]
    yield Metric("requests_total", "counter", "Requests answered.", samples)


def findings(session: Session, moment: datetime) -> Metric:
    """Those that stand, snoozed ones too."""
    grouped = (
        select(HealthFinding.key, HealthFinding.severity, func.count())
        .where(IS_STANDING)
        .group_by(HealthFinding.key, HealthFinding.severity)
    )
    samples: list[tuple[Labels, float]] = [
        ({"key": row[0], "severity": row[1]}, row[2]) for row in session.execute(grouped)
    ]
    if (gone := worker_gone(session, moment)) is not None:
        samples.append(({"key": gone.key, "severity": "access"}, 1))
    return Metric("findings", "gauge", "Findings that stand, by key and severity.", samples)


def checks(session: Session, moment: datetime) -> Iterator[Metric]:
    states = Metric("agrees", "gauge", "1 while everything agrees with Stripe, checked to its end.")
    known = Metric("check_known", "gauge", "1 while a check is finished and not overdue.")
    ages = Metric("check_age_seconds", "gauge", "Age of the moment that a check stands for.")
    for mode in MODES:
        agreed = agreement(session, mode)
        if agreed.state == "unconnected":
            continue
        states.samples.append(({"mode": mode}, int(agreed.state == "green")))
        for one in agreed.checks:
            labels = {"check": one.check.name, "mode": mode}
            known.samples.append((labels, int(one.is_known)))
            if one.as_of is not None:
                ages.samples.append((labels, seconds(moment, one.as_of)))
    yield from (states, known, ages)


def lags(session: Session, moment: datetime) -> Iterator[Metric]:
    complete = Metric("catch_up_age_seconds", "gauge", "Age of the moment up to which events are complete.")
    for mode in MODES:
        account = connected(session, mode)
        if account is not None and account.catch_up is not None and account.catch_up.complete_up_to is not None:
            complete.samples.append(({"mode": mode}, seconds(moment, account.catch_up.complete_up_to)))
    yield complete
    last = heartbeat(session)
    yield Metric(
        "worker_age_seconds",
        "gauge",
        "Time since a background worker last reported.",
        [] if last is None else [({}, seconds(moment, last))],
    )


def queues(session: Session) -> Iterator[Metric]:
    inbox = (
        select(ProcessorAccount.mode, StripeEvent.state, func.count())
        .join(ProcessorAccount, ProcessorAccount.id == StripeEvent.processor_account_id)
        .where(StripeEvent.state.in_(("pending", "failed")))
        .group_by(ProcessorAccount.mode, StripeEvent.state)
    )
    rows = session.execute(inbox)
    samples: list[tuple[Labels, float]] = [({"mode": row[0], "state": row[1]}, row[2]) for row in rows]
    yield Metric("inbox_events", "gauge", "Events from Stripe that are not applied.", samples)
    mails = session.execute(
        select(OutgoingMail.state, func.count()).where(OutgoingMail.state != "sent").group_by(OutgoingMail.state)
    )
    yield Metric("mails", "gauge", "Emails that are not sent.", [({"state": row[0]}, row[1]) for row in mails])
    messages = session.execute(
        select(OutgoingDelivery.endpoint_id, func.count()).where(IS_WAITING).group_by(OutgoingDelivery.endpoint_id)
    )
    samples = [({"endpoint": str(row[0])}, row[1]) for row in messages]
    yield Metric("outgoing_messages", "gauge", "Messages that wait for the host platform.", samples)


def jobs(session: Session, moment: datetime) -> Iterator[Metric]:
    failures = Metric("job_failures", "gauge", "Failed runs of a job in a row.")
    durations = Metric("job_duration_seconds", "gauge", "How long the last run of a job took.")
    ages = Metric("job_age_seconds", "gauge", "Time since a job last began.")
    for run in session.scalars(select(JobRun).order_by(JobRun.name)):
        labels = {"job": run.name}
        failures.samples.append((labels, run.failures_in_a_row))
        if run.milliseconds is not None:
            durations.samples.append((labels, run.milliseconds / 1000))
        if run.started_at is not None:
            ages.samples.append((labels, seconds(moment, run.started_at)))
    yield from (failures, durations, ages)


def seconds(moment: datetime, since: datetime) -> float:
    return round((moment - since).total_seconds(), 3)
