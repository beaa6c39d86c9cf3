"""Jobs of the connected accounts."""

from billingportal.db import transaction
from billingportal.domain.connection import maintenance
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def check_accounts(portal: Portal) -> None:
    """Check the connected accounts that are due, and repair what can be repaired."""
    for account_id in maintenance.claim_due(transaction):
        maintenance.tend(transaction, portal.open_gateway, portal.vault, portal.settings, account_id)


JOBS = (Job(check_accounts, 1),)
