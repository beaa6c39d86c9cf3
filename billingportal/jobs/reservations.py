"""Jobs of reservations."""

from datetime import datetime

from billingportal.clock import now
from billingportal.db import bare_transaction, glance
from billingportal.domain.reservations import expiry
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def expire_reservations(_: Portal) -> None:
    """Give back the reservations that have expired."""
    moment = now()
    while has_expired(moment):
        with bare_transaction() as connection:
            if expiry.expire_due(connection, moment) < expiry.BATCH:
                return


def has_expired(moment: datetime) -> bool:
    """Whether there is work: a look joins no queue of writers."""
    with glance() as connection:
        return expiry.is_due(connection, moment)


JOBS = (Job(expire_reservations, 0.5),)
