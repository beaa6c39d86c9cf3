"""Jobs of plan changes and trials."""

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.plan_changes import steps, trials
from billingportal.domain.plan_changes.schedules import terms as schedule_terms
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal


def finish_plan_changes(portal: Portal) -> None:
    """Repeat the requests for plan changes whose response from Stripe was lost."""
    with full_transaction() as session:
        account_ids = steps.accounts_of_lost(session, now())
    work_on_each(portal, account_ids, lambda gateway, id_: steps.finish_lost(full_transaction, gateway, id_))


def follow_scheduled_terms(portal: Portal) -> None:
    """Carry what changed on a subscription meanwhile into the phases of its scheduled change."""
    with full_transaction() as session:
        account_ids = schedule_terms.accounts_behind(session)
    work_on_each(portal, account_ids, lambda gateway, id_: schedule_terms.follow_terms(full_transaction, gateway, id_))


def remind_of_trials(_: Portal) -> None:
    """Email the clients whose trial ends soon."""
    trials.remind_due(transaction)


JOBS = (Job(finish_plan_changes, 10), Job(follow_scheduled_terms, 30), Job(remind_of_trials, 60))
