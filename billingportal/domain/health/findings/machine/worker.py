"""Whether a background worker runs. A stopped worker checks nothing, so this is worked out when it is shown."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import time_of_day
from billingportal.domain.common.due_times import SKEW
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.models import JobRun

WORKER_GONE = "worker.gone"
# Every worker writes the record of its jobs more often than this.
SILENCE = timedelta(seconds=60)
MEANING = (
    "Without it no plan takes effect after a payment, no usage is sent to Stripe, and nothing is checked. "
    "Start it: billingportal worker"
)


def heartbeat(session: Session) -> datetime | None:
    """When a worker last reported, or None when none ever did."""
    return session.scalar(select(func.max(JobRun.reported_at)))


def worker_gone(session: Session, moment: datetime) -> Found | None:
    """The finding, when no worker has reported for a minute. A report from the future counts for nothing."""
    last = heartbeat(session)
    if last is not None and moment - SILENCE <= last <= moment + SKEW:
        return None
    return Found(WORKER_GONE, title_of(last, moment), MEANING, Action("See the jobs", "page", "machine"))


def title_of(last: datetime | None, moment: datetime) -> str:
    if last is None:
        return "The background worker has never run"
    return f"The background worker has been silent since {time_of_day(last, moment.date())}"
