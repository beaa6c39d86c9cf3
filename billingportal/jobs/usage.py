"""Jobs that keep what clients use counted, and tell the limits that they come to."""

import time
from typing import get_args

from billingportal.clock import now
from billingportal.db import db, glance, transaction
from billingportal.domain.limit_notices import checks
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage import pool, recount, retention, rollover
from billingportal.domain.usage.history import mode_days
from billingportal.domain.usage.history.mode_days import DaySums
from billingportal.domain.usage.limits import pool_warnings
from billingportal.jobs.common.job import Job
from billingportal.models.connection.processor_account import Mode
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal

# Seconds of one run.
RECOUNT = 2


def begin_periods(_: Portal) -> None:
    """Begin the next period of the counters whose period has ended."""
    after_id: int | None = 0
    while after_id is not None:
        with full_transaction() as session:
            after_id = rollover.roll_over(session, now(), after_id, clock_times)


def recount_clients(_: Portal) -> None:
    """Recount the clients that are due, one after the other."""
    end = time.monotonic() + RECOUNT
    with full_transaction() as session:
        client_ids = recount.due_clients(session, now())
    for client_id in client_ids:
        recount.recount_client(glance, full_transaction, client_id, clock_times)
        if time.monotonic() > end:
            return


def prune_records(_: Portal) -> None:
    """Delete usage records past their retention time, in batches."""
    after_id: int | None = 0
    while after_id is not None:
        with full_transaction() as session:
            after_id = retention.drop_old_records(session, now(), after_id, clock_times)


def check_limits(portal: Portal) -> None:
    """Tell the limits that clients came near, reached or passed."""
    checks.check_limits(transaction, portal.settings.public_url or "")


def count_usage_of_today(_: Portal) -> None:
    """Count what all clients use today, and yesterday's counters: a report may come a little later."""
    today = now().date()
    store(mode_days.sums_now(db.session(), today))
    store(mode_days.sums_of(db.session(), mode_days.changeable_days(today)[0]))


def count_usage_of_earlier_days(_: Portal) -> None:
    """Count the days that late reports may have changed."""
    for day in mode_days.changeable_days(now().date()):
        store(mode_days.sums_of(db.session(), day))


def store(sums: DaySums) -> None:
    """Write the sums in a short transaction of their own: reading every client holds up no report."""
    with transaction() as session:
        mode_days.write_sums(session, sums)


def look_after_pools(_: Portal) -> None:
    """Begin the month of the pools whose month has ended, and warn staff of those that are nearly used."""
    with glance() as connection:
        if not pool.any_pool(connection):
            return
    with transaction() as session:
        for mode in get_args(Mode):
            pool.begin_due_months(session, mode)
        pool_warnings.warn_of_pools(session)


JOBS = (
    Job(begin_periods, 0.5),
    Job(look_after_pools, 1),
    Job(recount_clients, 5),
    Job(prune_records, 3600),
    Job(check_limits, 1),
    Job(count_usage_of_today, 60),
    Job(count_usage_of_earlier_days, 3600),
)
