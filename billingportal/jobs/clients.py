"""Jobs of clients."""

from billingportal.domain.clients import missing_objects
from billingportal.domain.connection import processor_accounts
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal


def fetch_missing(portal: Portal) -> None:
    """Fetch clients' payment methods, test clocks and invoices that are not stored from Stripe."""
    with full_transaction() as session:
        account_ids = processor_accounts.working_accounts(session)
    work_on_each(
        portal, account_ids, lambda gateway, id_: missing_objects.fetch_missing(full_transaction, gateway, id_)
    )


JOBS = (Job(fetch_missing, 10),)
