"""Jobs of mail."""

from billingportal.db import transaction
from billingportal.domain.mail import delivery
from billingportal.jobs.job import Job
from billingportal.portal import Portal


def send_mails(portal: Portal) -> None:
    """Send the emails that are due."""
    delivery.send_due(transaction, portal.vault, portal.settings)


JOBS = (Job(send_mails, 2),)
