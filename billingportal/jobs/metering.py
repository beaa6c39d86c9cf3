"""Jobs of metered billing."""

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.connection.processor_accounts import working_accounts
from billingportal.domain.metering import client_meters, delivery, error_reports, held_back, preparation
from billingportal.domain.metering.ledger import sums, totals
from billingportal.jobs.common.account_work import work_on_each
from billingportal.jobs.common.job import Job
from billingportal.models.connection.processor_account import Mode
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.portal import Portal

# Seconds of one run.
COMPARING = 10


def follow_client_meters(_: Portal) -> None:
    """Follow which meters bill the clients whose entitlement was evaluated."""
    client_meters.follow_due(full_transaction)


def prepare_meter_events(_: Portal) -> None:
    """Write the meter events of what was counted since."""
    preparation.prepare_due(full_transaction)


def look_after_held_back(_: Portal) -> None:
    """Warn of use that waits for a subscription for long, and give up what Stripe takes no more."""
    for step in (held_back.give_up_old, held_back.warn):
        has_more = True
        while has_more:
            with transaction() as session:
                has_more = step(session, now())


def send_live_meter_events(portal: Portal) -> None:
    """Send the meter events that are due in live mode."""
    send_meter_events(portal, "live")


def send_test_meter_events(portal: Portal) -> None:
    """Send the meter events that are due in test mode. It has a slower rate, which must not hold up live mode."""
    send_meter_events(portal, "test")


def send_meter_events(portal: Portal, mode: Mode) -> None:
    with full_transaction() as session:
        account_ids = working_accounts(session, mode)
    work_on_each(portal, account_ids, lambda gateway, id_: delivery.deliver_due(full_transaction, gateway, id_))


def list_error_reports(portal: Portal) -> None:
    """Read from Stripe's list which reports about meter events the event destination did not bring."""
    account_ids = error_reports.claim_polls(full_transaction)
    work_on_each(portal, account_ids, lambda gateway, id_: error_reports.poll(full_transaction, gateway, id_))


def read_error_reports(portal: Portal) -> None:
    """Fetch the reports about meter events that Stripe took and rejected, and mark the events."""
    with full_transaction() as session:
        account_ids = error_reports.due_accounts(session)
    work_on_each(portal, account_ids, lambda gateway, id_: error_reports.read_reports(full_transaction, gateway, id_))


def compare_live_totals(portal: Portal) -> None:
    """Compare what was sent in live mode with Stripe's totals."""
    compare_totals(portal, "live")


def compare_test_totals(portal: Portal) -> None:
    """The same in test mode, which has a slower rate."""
    compare_totals(portal, "test")


def compare_totals(portal: Portal, mode: Mode) -> None:
    with full_transaction() as session:
        account_ids = working_accounts(session, mode)
    work_on_each(
        portal, account_ids, lambda gateway, id_: totals.read_due(full_transaction, gateway, id_, seconds=COMPARING)
    )


def sum_ledger(_: Portal) -> None:
    """Sum up what all clients were billed by use, for the ledger's page."""
    moment = now()
    found = sums.read_sums(db.session())
    with transaction() as session:
        sums.write_sums(session, found, moment)


JOBS = (
    Job(follow_client_meters, 0.5),
    Job(prepare_meter_events, 1),
    Job(look_after_held_back, 600),
    Job(send_live_meter_events, 0.5),
    Job(send_test_meter_events, 0.5),
    Job(list_error_reports, 1),
    Job(read_error_reports, 1),
    Job(compare_live_totals, 2),
    Job(compare_test_totals, 2),
    Job(sum_ledger, 60),
)
