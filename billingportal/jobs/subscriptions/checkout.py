"""Jobs of checkouts and sign-ups."""

from billingportal.db import transaction
from billingportal.domain.checkout import recovery, sign_up_requests
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def recover_checkouts(portal: Portal) -> None:
    """Ask Stripe about open checkouts whose time is over, and archive sign-ups that were never paid."""
    with transaction() as session:
        account_ids = recovery.due_accounts(session)
    work_on_each(portal, account_ids, lambda gateway, id_: recovery.look_at_due(transaction, gateway, id_))
    recovery.tidy_up(transaction)


def forget_sign_ups(portal: Portal) -> None:
    """Delete old sign-ups whose address was to be confirmed."""
    with transaction() as session:
        sign_up_requests.forget_requests(session)


JOBS = (Job(recover_checkouts, 30), Job(forget_sign_ups, 3600))
