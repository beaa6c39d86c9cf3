"""Jobs that keep what clients use counted."""

import time

from billingportal.clock import now
from billingportal.db import glance, transaction
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage import recount, retention, rollover
from billingportal.jobs.job import Job
from billingportal.portal import Portal

# Seconds of one run.
RECOUNT = 2


def begin_periods(_: Portal) -> None:
    """Begin the next period of the counters whose period has ended."""
    after_id: int | None = 0
    while after_id is not None:
        with transaction() as session:
            after_id = rollover.roll_over(session, now(), after_id, clock_times)


def recount_clients(_: Portal) -> None:
    """Recount the clients that are due, one after the other."""
    end = time.monotonic() + RECOUNT
    with transaction() as session:
        client_ids = recount.due_clients(session, now())
    for client_id in client_ids:
        recount.recount_client(glance, transaction, client_id, clock_times)
        if time.monotonic() > end:
            return


def prune_records(_: Portal) -> None:
    """Delete usage records past their retention time, in batches."""
    after_id: int | None = 0
    while after_id is not None:
        with transaction() as session:
            after_id = retention.drop_old_records(session, now(), after_id, clock_times)


JOBS = (Job(begin_periods, 0.5), Job(recount_clients, 5), Job(prune_records, 3600))
