"""Jobs of going live."""

from billingportal.db import transaction
from billingportal.domain.go_live import switch
from billingportal.domain.go_live.checklist import facts
from billingportal.domain.go_live.promotion import work
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.portal import Portal


def work_on_promotions(portal: Portal) -> None:
    """Create in live mode what staff confirmed, and link it to the plans."""
    with transaction() as session:
        account_ids = work.accounts_with_work(session)
    work_on_each(portal, account_ids, lambda gateway, id_: work.work(transaction, gateway, id_))


def expire_checkouts_of_other_mode(portal: Portal) -> None:
    """Expire the open checkouts of the mode in which the portal no longer sells."""
    with transaction() as session:
        account_ids = switch.accounts_with_left_checkouts(session)
    work_on_each(portal, account_ids, lambda gateway, id_: switch.expire_left_checkouts(transaction, gateway, id_))


def ask_facts(portal: Portal) -> None:
    """Ask Stripe what the checklist of going live needs to know."""
    with transaction() as session:
        account_ids = facts.accounts_due(session)
    work_on_each(portal, account_ids, lambda gateway, _: facts.ask(transaction, gateway))


JOBS = (Job(work_on_promotions, 2), Job(expire_checkouts_of_other_mode, 5), Job(ask_facts, 30))
