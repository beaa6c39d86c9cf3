"""Jobs of invoices."""

from billingportal.domain.invoices import lines, payment_attempts
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal


def read_payment_attempts(portal: Portal) -> None:
    """Read from Stripe which card failed, for the open invoices that were attempted since."""
    with full_transaction() as session:
        account_ids = payment_attempts.accounts_with_unread(session)
    work_on_each(portal, account_ids, lambda gateway, id_: payment_attempts.read_unread(full_transaction, gateway, id_))


def read_invoice_lines(portal: Portal) -> None:
    """Read from Stripe the lines of the invoices that were made, changed or finalized since."""
    with full_transaction() as session:
        account_ids = lines.accounts_with_due(session)
    work_on_each(portal, account_ids, lambda gateway, id_: lines.read_due(full_transaction, gateway, id_))


JOBS = (Job(read_payment_attempts, 2), Job(read_invoice_lines, 2))
