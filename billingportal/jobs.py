"""The background jobs: what is to do stands in the database, so any number of workers may run them."""

import logging
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.auth import browser_sessions
from billingportal.domain.checkout import recovery as checkout_recovery
from billingportal.domain.clients import missing_objects
from billingportal.domain.common import evaluation_queue
from billingportal.domain.connection import maintenance
from billingportal.domain.connection.processor_accounts import gateway_of, request_check
from billingportal.domain.entitlements import evaluation
from billingportal.domain.mail import delivery as mail_delivery
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plan_changes import trials as plan_change_trials
from billingportal.domain.sync import catch_up as sync_catch_up
from billingportal.domain.sync import reconciliation, retention
from billingportal.models import ProcessorAccount, StripeEvent
from billingportal.portal import Portal
from billingportal.stripe_gateway.errors import KeyRejected, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen

log = logging.getLogger(__name__)

Job = Callable[[Portal], None]
AccountWork = Callable[[StripeGateway, int], object]


def check_accounts(portal: Portal) -> None:
    """Check the connected accounts that are due, and mend what can be mended."""
    for account_id in maintenance.claim_due(transaction):
        maintenance.tend(transaction, portal.open_gateway, portal.vault, portal.settings, account_id)


def settle_events(portal: Portal) -> None:
    """Ask Stripe about the objects whose events wait."""
    with transaction() as session:
        account_ids = waiting_accounts(session)
    for account_id in account_ids:
        work_on(portal, account_id, lambda gateway, id_: reconciliation.reconcile_due(transaction, gateway, id_))


def waiting_accounts(session: Session) -> list[int]:
    due = (
        select(StripeEvent.processor_account_id)
        .distinct()
        .join(ProcessorAccount, ProcessorAccount.id == StripeEvent.processor_account_id)
        .where(
            ProcessorAccount.state == "connected",
            ProcessorAccount.key_state == "working",
            StripeEvent.state.in_(reconciliation.WAITING),
            reconciliation.is_due_now(now()),
        )
    )
    return list(session.scalars(due))


def evaluate_clients(portal: Portal) -> None:
    """Work out what the clients are entitled to whose time has come."""
    while True:
        moment = now()
        with transaction() as session:
            client_ids = evaluation.due(session, moment)
        for client_id in client_ids:
            with transaction() as session:
                evaluation.evaluate_due(session, client_id, moment)
        if len(client_ids) < evaluation.BATCH:
            return


def evaluate_premature(_: Portal) -> None:
    """Have what a clock that was ahead worked out worked out again."""
    with transaction() as session:
        evaluation_queue.mark_premature(session, now())


def catch_up(portal: Portal) -> None:
    """Read what the webhook did not bring, where it is time to."""
    for account_id in sync_catch_up.claim_due(transaction):
        work_on(portal, account_id, lambda gateway, id_: sync_catch_up.run(transaction, gateway, id_))


def work_on(portal: Portal, account_id: int, work: AccountWork) -> None:
    """Do one account's work; trouble with it holds up no other account's."""
    with transaction() as session:
        account = session.get_one(ProcessorAccount, account_id)
        try:
            gateway = gateway_of(account, portal.vault, portal.open_gateway)
        except CannotOpen:
            request_check(account, now())
            return
    try:
        work(gateway, account_id)
    except StripeProblem as problem:
        log.warning("account %s: %s (request %s)", account_id, problem.message, problem.request_id)
        if isinstance(problem, KeyRejected):
            with transaction() as session:
                request_check(session.get_one(ProcessorAccount, account_id), now())


def tend_checkouts(portal: Portal) -> None:
    """Find out about checkouts that nobody came back from, and put away sign-ups that were never paid."""
    with transaction() as session:
        account_ids = checkout_recovery.due_accounts(session)
    for account_id in account_ids:
        work_on(portal, account_id, lambda gateway, id_: checkout_recovery.look_at_due(transaction, gateway, id_))
    checkout_recovery.tidy(transaction)


def fetch_missing(portal: Portal) -> None:
    """Ask Stripe for what clients have and no list shows."""
    with transaction() as session:
        account_ids = session.scalars(
            select(ProcessorAccount.id).where(
                ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working"
            )
        ).all()
    for account_id in account_ids:
        work_on(portal, account_id, lambda gateway, id_: missing_objects.fetch_missing(transaction, gateway, id_))


def finish_moves(portal: Portal) -> None:
    """Ask Stripe again for the changes of plan whose answer was lost."""
    with transaction() as session:
        account_ids = plan_change_steps.accounts_of_lost(session, now())
    for account_id in account_ids:
        work_on(portal, account_id, lambda gateway, id_: plan_change_steps.finish_lost(transaction, gateway, id_))


def remind_of_trials(_: Portal) -> None:
    """Write to the clients whose trial ends soon."""
    plan_change_trials.remind_due(transaction)


def send_mails(portal: Portal) -> None:
    """Send the letters that are due."""
    mail_delivery.send_due(transaction, portal.vault, portal.settings)


def prune(portal: Portal) -> None:
    """Drop what is kept for a time only."""
    after_id: int | None = 0
    while after_id is not None:
        with transaction() as session:
            after_id = retention.drop_old_rows(session, now(), after_id)
    with transaction() as session:
        browser_sessions.drop_expired(session, now())


# Every job and how often it looks for work, in seconds; in the order in which one pass brings a new account in step.
JOBS: tuple[tuple[Job, float], ...] = (
    (check_accounts, 1),
    (catch_up, 1),
    (settle_events, 0.5),
    (evaluate_clients, 0.5),
    (evaluate_premature, 30),
    (fetch_missing, 10),
    (tend_checkouts, 30),
    (finish_moves, 10),
    (remind_of_trials, 60),
    (send_mails, 2),
    (prune, 3600),
)
