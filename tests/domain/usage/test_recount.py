"""A wrong sum is found by the recount, corrected, kept with before and after, and told."""

import logging
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import bare_transaction, transaction
from billingportal.domain.usage.records import take_records
from billingportal.jobs import usage as usage_jobs
from billingportal.models import (
    AuditEntry,
    ClientUsage,
    UsageCorrection,
    UsageDay,
    UsageRecord,
    UsageTotal,
    WorkspaceUsage,
)
from billingportal.portal import current_portal
from tests.domain.usage.conftest import Harbor
from tests.support.usage.ledger import expected_ledger, stored_ledger
from tests.support.usage.reports import level, quantity


@pytest.fixture
def counted(session: Session, harbor: Harbor) -> Harbor:
    """Harbor has used 12 messages today and 30 yesterday, and has 40 contacts."""
    yesterday = clock.now() - timedelta(days=1)
    with bare_transaction() as connection:
        take_records(
            connection,
            "live",
            [
                quantity("a", "desk", "messages", 12),
                quantity("b", "shop", "messages", 30, yesterday),
                level("c", "desk", "contacts", 40),
                level("d", "garden", "contacts", 50),
            ],
        )
    return harbor


def recount(app: Flask) -> None:
    with transaction() as session:
        session.execute(update(ClientUsage).values(recounted_at=None))
    usage_jobs.recount_clients(current_portal())


def test_a_recount_finds_nothing_where_nothing_is_wrong(app: Flask, session: Session, counted: Harbor) -> None:
    recount(app)

    assert session.scalars(select(UsageCorrection)).all() == []
    assert None not in session.scalars(select(ClientUsage.recounted_at)).all()


def test_planted_wrong_sums_are_found_corrected_and_reported(
    app: Flask, session: Session, counted: Harbor, caplog: pytest.LogCaptureFixture
) -> None:
    mine = counted.client_id
    with transaction() as writing:
        writing.execute(update(UsageTotal).where(UsageTotal.client_id == mine).values(used=UsageTotal.used + 7))
        writing.execute(update(UsageDay).where(UsageDay.record_id.is_not(None)).values(used=3))
        writing.execute(update(WorkspaceUsage).values(used=4))
        writing.execute(update(ClientUsage).where(ClientUsage.resource_id == counted.messages).values(used=5))
        writing.execute(
            delete(UsageDay).where(UsageDay.resource_id == counted.messages, UsageDay.day == clock.now().date())
        )

    with caplog.at_level(logging.WARNING):
        recount(app)

    assert stored_ledger(session) == expected_ledger(session, clock.now())
    found = session.execute(
        select(UsageCorrection.resource_id, UsageCorrection.counted, UsageCorrection.before, UsageCorrection.after)
        .where(UsageCorrection.client_id == mine, UsageCorrection.counted != "total")
        .order_by(UsageCorrection.id)
    ).all()
    assert [tuple(row) for row in found] == [
        (counted.messages, "day", 0, 12),
        (counted.contacts, "day", 3, 40),
        (counted.contacts, "level", 4, 40),
    ]
    told = session.scalars(select(AuditEntry.summary).where(AuditEntry.action == "usage.corrected")).all()
    assert "Corrected the day of Contacts from 3 to 40, the sum of the records" in told
    assert f"client {mine}: Corrected the level of Contacts from 4 to 40" in caplog.text
    recount(app)
    assert len(session.scalars(select(UsageCorrection)).all()) == len(told)


def test_records_are_dropped_after_100_days_and_sums_stay(app: Flask, session: Session, counted: Harbor) -> None:
    long_ago = clock.now() - timedelta(days=101)
    with transaction() as writing:
        writing.execute(update(UsageRecord).where(UsageRecord.key.in_(["a", "c"])).values(received_at=long_ago))
        writing.execute(update(UsageRecord).where(UsageRecord.key == "c").values(at=long_ago))
    before = stored_ledger(session)

    usage_jobs.prune_records(current_portal())

    # The record of a counter stays while its period is running.
    assert sorted(session.scalars(select(UsageRecord.key))) == ["a", "b", "d"]
    with transaction() as writing:
        writing.execute(update(UsageRecord).where(UsageRecord.key == "a").values(at=long_ago))
    usage_jobs.prune_records(current_portal())
    assert sorted(session.scalars(select(UsageRecord.key))) == ["b", "d"]
    after = stored_ledger(session)
    assert (after.totals, after.used, after.levels) == (before.totals, before.used, before.levels)


def test_when_a_period_ends_the_worker_begins_the_next(app: Flask, session: Session, counted: Harbor) -> None:
    with transaction() as writing:
        writing.execute(
            update(ClientUsage)
            .where(ClientUsage.resource_id == counted.messages)
            .values(used=99, period_starts_at=clock.now() - timedelta(days=50), period_ends_at=clock.now())
        )
        revision = writing.scalars(
            select(ClientUsage.revision).where(ClientUsage.resource_id == counted.messages)
        ).one()

    usage_jobs.begin_periods(current_portal())

    row = session.scalars(select(ClientUsage).where(ClientUsage.resource_id == counted.messages)).one()
    assert row.period_starts_at is not None
    assert row.period_ends_at is not None
    assert row.period_starts_at.day == 1
    assert row.period_starts_at <= clock.now() < row.period_ends_at
    assert row.revision == revision + 1
    assert stored_ledger(session) == expected_ledger(session, clock.now())
