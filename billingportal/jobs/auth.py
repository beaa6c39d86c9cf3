"""Jobs of sessions."""

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.auth import browser_sessions
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def prune_sessions(_: Portal) -> None:
    """Drop the sessions that have expired."""
    with transaction() as session:
        browser_sessions.drop_expired(session, now())


JOBS = (Job(prune_sessions, 3600),)
