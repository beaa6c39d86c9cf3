"""Jobs of sessions, and of what is stored for API keys."""

from billingportal.clock import now
from billingportal.db import bare_transaction, transaction
from billingportal.domain.api import stored_answers
from billingportal.domain.api.stored_answers import BITE
from billingportal.domain.auth import browser_sessions
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def prune_sessions(_: Portal) -> None:
    """Drop the sessions that have expired."""
    with transaction() as session:
        browser_sessions.drop_expired(session, now())


def prune_answers(_: Portal) -> None:
    """Drop the stored answers that are older than a day, in bites, each in a transaction of its own."""
    dropped = BITE
    while dropped == BITE:
        with bare_transaction() as connection:
            dropped = stored_answers.drop_old(connection, now())


JOBS = (Job(prune_sessions, 3600), Job(prune_answers, 600))
