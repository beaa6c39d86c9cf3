"""Jobs of rehearsals."""

from billingportal.domain.rehearsal import cleanup, runner
from billingportal.domain.rehearsal.report import reports
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal


def rehearse(portal: Portal) -> None:
    """Play the rehearsals that are queued, one at a time per account."""
    with full_transaction() as session:
        account_ids = runner.waiting_accounts(session)
    work_on_each(portal, account_ids, lambda gateway, id_: runner.run_queued(full_transaction, gateway, id_))


def delete_left_behind_clocks(portal: Portal) -> None:
    """Delete the test clocks that a rehearsal left behind at Stripe."""
    with full_transaction() as session:
        account_ids = cleanup.accounts_to_search(session)
    work_on_each(portal, account_ids, lambda gateway, id_: cleanup.delete_left_behind(full_transaction, gateway))


def write_reports(portal: Portal) -> None:
    """Write and sign the reports of the rehearsals that have ended."""
    with full_transaction() as session:
        rehearsal_ids = reports.unsigned(session)
    for rehearsal_id in rehearsal_ids:
        with full_transaction() as session:
            reports.write_report(session, portal.vault, rehearsal_id)


JOBS = (Job(rehearse, 2), Job(write_reports, 1), Job(delete_left_behind_clocks, 3600))
