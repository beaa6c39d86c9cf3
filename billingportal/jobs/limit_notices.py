"""Jobs of limit notices."""

from billingportal.db import transaction
from billingportal.domain.limit_notices import checks
from billingportal.jobs.job import Job
from billingportal.portal import Portal


def check_limits(_: Portal) -> None:
    """Tell the limits that clients came near, reached or passed."""
    checks.check_limits(transaction)


JOBS = (Job(check_limits, 1),)
