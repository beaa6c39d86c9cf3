"""Jobs of mail."""

from billingportal.db import transaction
from billingportal.domain.client_portal import link_requests
from billingportal.domain.mail import delivery
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def send_mails(portal: Portal) -> None:
    """Send the emails that are due."""
    delivery.send_due(transaction, portal.vault, portal.settings)


def answer_link_requests(portal: Portal) -> None:
    """Write the billing links that clients requested."""
    answered = link_requests.BATCH
    while answered == link_requests.BATCH:
        with transaction() as session:
            answered = link_requests.answer_requests(session)


JOBS = (Job(answer_link_requests, 2), Job(send_mails, 2))
