"""Jobs that compare the stored rows with Stripe: every night, and when somebody asks for it."""

from billingportal.clock import now
from billingportal.db import reading, transaction
from billingportal.domain.health.audit import audits, runner
from billingportal.jobs.common.account_work import work_on
from billingportal.jobs.common.job import Job
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal
from billingportal.stripe_gateway.gateway import StripeGateway


def run_audits(portal: Portal) -> None:
    """Begin the audits that are due, and go on with those that are under way."""
    with reading() as session:
        if not audits.due_accounts(session, now()) and not audits.has_running(session):
            return
    with transaction() as session:
        audits.begin_nightly(session, now())
        audits.end_old(session)
        wanted = audits.running_audits(session)
    for audit_id, account_id in wanted:

        def go_on(gateway: StripeGateway, _: int, audit_id: int = audit_id) -> None:
            runner.run(full_transaction, gateway, audit_id)

        work_on(portal, account_id, go_on)


JOBS = (Job(run_audits, 5),)
