"""Jobs of the API."""

from billingportal.clock import now
from billingportal.db import bare_transaction
from billingportal.domain.api import stored_answers
from billingportal.domain.api.stored_answers import BITE
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def prune_answers(_: Portal) -> None:
    """Drop the stored answers that are older than a day, in bites, each in a transaction of its own."""
    dropped = BITE
    while dropped == BITE:
        with bare_transaction() as connection:
            dropped = stored_answers.drop_old(connection, now())


JOBS = (Job(prune_answers, 600),)
