"""Jobs of the pages of usage."""

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.usage.history import mode_days
from billingportal.domain.usage.history.mode_days import DaySums
from billingportal.jobs.job import Job
from billingportal.portal import Portal


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


JOBS = (Job(count_usage_of_today, 60), Job(count_usage_of_earlier_days, 3600))
