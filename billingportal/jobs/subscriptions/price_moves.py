"""Jobs of price moves."""

from billingportal.db import transaction
from billingportal.domain.price_moves import work
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def work_on_price_moves(portal: Portal) -> None:
    """Read amounts, make schedules, undo them and follow what became of them."""
    with transaction() as session:
        account_ids = work.accounts_with_work(session)
    work_on_each(portal, account_ids, lambda gateway, id_: work.work(transaction, gateway, id_))


JOBS = (Job(work_on_price_moves, 2),)
