"""Jobs that keep the stored objects in sync with Stripe."""

from billingportal.clock import now
from billingportal.domain.sync import catch_up as sync_catch_up
from billingportal.domain.sync import failed_reads, reconciliation, retention
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal


def catch_up(portal: Portal) -> None:
    """Read the events that the webhook did not deliver, for the accounts that are due."""
    account_ids = sync_catch_up.claim_due(full_transaction)
    work_on_each(portal, account_ids, lambda gateway, id_: sync_catch_up.run_pass(full_transaction, gateway, id_))


def reconcile_events(portal: Portal) -> None:
    """Retry pending events by fetching their objects from Stripe."""
    with full_transaction() as session:
        account_ids = reconciliation.waiting_accounts(session)
    work_on_each(portal, account_ids, lambda gateway, id_: reconciliation.reconcile_due(full_transaction, gateway, id_))


def read_failed_again(portal: Portal) -> None:
    """Read objects again that could not be read before."""
    with full_transaction() as session:
        account_ids = failed_reads.waiting_accounts(session)
    work_on_each(portal, account_ids, lambda gateway, id_: failed_reads.read_again(full_transaction, gateway, id_))


def prune_events(_: Portal) -> None:
    """Delete events past their retention time, in batches."""
    after_id: int | None = 0
    while after_id is not None:
        with full_transaction() as session:
            after_id = retention.drop_old_rows(session, now(), after_id)


JOBS = (Job(catch_up, 1), Job(reconcile_events, 0.5), Job(read_failed_again, 5), Job(prune_events, 3600))
