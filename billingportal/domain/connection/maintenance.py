"""Checks a connected account's key and webhook, and makes the repairs that need no decision by staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.common.due_times import is_due
from billingportal.domain.connection import preflight, webhook_registration
from billingportal.domain.connection.credentials import describe
from billingportal.domain.connection.processor_accounts import catch_up_of, endpoint_of, gateway_of
from billingportal.domain.connection.webhook_registration import Outcome, Registered, Survey
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import KeyState
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.errors import KeyExpired, KeyRejected, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import AccountCopy
from billingportal.stripe_gateway.permissions import Right
from billingportal.vault import CannotOpen, Vault

CHECK_EVERY = timedelta(minutes=5)
AFTER_A_PROBLEM = timedelta(seconds=30)
LEASE = timedelta(seconds=90)


@dataclass(frozen=True)
class Findings:
    """The results of one check at Stripe."""

    account: AccountCopy
    missing: list[Right]
    survey: Survey | None
    outcome: Outcome


def claim_due(transaction: Transaction) -> list[int]:
    """The connected accounts whose check is due, taken for this worker until the lease ends."""
    moment = now()
    with transaction() as session:
        rows = session.scalars(
            select(ProcessorAccount)
            .where(
                ProcessorAccount.state == "connected",
                or_(
                    ProcessorAccount.next_check_at.is_(None),
                    is_due(ProcessorAccount.next_check_at, moment, max(CHECK_EVERY, LEASE)),
                ),
            )
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.next_check_at = moment + LEASE
        return [row.id for row in rows]


def tend(
    transaction: Transaction, open_gateway: OpenGateway, vault: Vault, settings: Settings, processor_account_id: int
) -> None:
    """Check one account and make every repair that needs no decision by staff."""
    with transaction() as session:
        row = session.get_one(ProcessorAccount, processor_account_id)
        is_restricted = (row.key_prefix or "").startswith("rk_")
        mine = Registered.of(endpoint_of(session, row))
        started_at = row.check_requested_at
        try:
            gateway = gateway_of(row, vault, open_gateway)
        except CannotOpen as problem:
            end_with_key_problem(row, "unreadable", f"{problem} Paste the secret key again.", started_at)
            return
    try:
        found = look(transaction, gateway, vault, settings, mine, is_restricted=is_restricted)
    except StripeProblem as problem:
        with transaction() as session:
            end_with_problem(session.get_one(ProcessorAccount, processor_account_id), problem, started_at)
        return
    end_well(transaction, processor_account_id, found, started_at)


def look(
    transaction: Transaction,
    gateway: StripeGateway,
    vault: Vault,
    settings: Settings,
    mine: Registered,
    *,
    is_restricted: bool,
) -> Findings:
    """Ask Stripe about key, account and endpoints, and repair the registration. Raises a StripeProblem."""
    account = gateway.account()
    missing = gateway.missing_rights(livemode=account.livemode) if is_restricted else []
    try:
        endpoints = gateway.webhook_endpoints()
    except RightMissing as problem:
        outcome = Outcome("refused", f"The key may not read or register webhooks. {problem.message}")
        return Findings(account, missing, None, outcome)
    found = webhook_registration.survey(endpoints, mine, settings.public_url or "")
    if settings.public_url is None or not settings.is_reachable_by_stripe:
        return Findings(account, missing, found, Outcome("unreachable"))
    url = webhook_registration.address(settings.public_url, mine.token)
    outcome = webhook_registration.ensure(transaction, gateway, vault, mine.row_id, found, url)
    return Findings(account, missing, found, outcome)


def end_well(transaction: Transaction, processor_account_id: int, found: Findings, started_at: datetime | None) -> None:
    moment = now()
    with transaction() as session:
        row = session.get_one(ProcessorAccount, processor_account_id, with_for_update=True)
        if row.state != "connected":
            return
        describe(row, found.account)
        row.key_state = "working"
        row.key_problem = None
        used = len(found.survey.everything) + found.outcome.added if found.survey else None
        others = found.survey.others_here if found.survey else []
        row.preflight = [line.as_json() for line in preflight.lines(row, found.account, found.missing, used, others)]
        endpoint = endpoint_of(session, row)
        is_new = endpoint.state != found.outcome.state
        endpoint.state = found.outcome.state
        endpoint.problem = found.outcome.problem
        row.check_problem = None
        finish(row, started_at, moment, CHECK_EVERY if found.outcome.problem is None else AFTER_A_PROBLEM)
        if found.outcome.repairs or is_new:
            catch_up_of(session, row).next_run_at = moment
        for words in found.outcome.repairs:
            audit.record_act(
                session,
                audit.Act(
                    "webhook_endpoint.repaired",
                    words,
                    actor="sync",
                    subject=("webhook_endpoint", endpoint.id),
                    processor_account_id=row.id,
                ),
            )


def end_with_problem(row: ProcessorAccount, problem: StripeProblem, started_at: datetime | None) -> None:
    """Record that Stripe rejected the key or could not be asked: earlier findings stay."""
    if isinstance(problem, KeyExpired):
        end_with_key_problem(row, "expired", "Stripe says the key has expired. It was probably rolled.", started_at)
    elif isinstance(problem, KeyRejected):
        end_with_key_problem(row, "rejected", "Stripe no longer knows the key. It was probably deleted.", started_at)
    else:
        row.check_problem = f"Stripe did not answer as expected: {problem.message}"
        finish(row, started_at, now(), AFTER_A_PROBLEM)


def end_with_key_problem(row: ProcessorAccount, state: KeyState, words: str, started_at: datetime | None) -> None:
    row.key_state = state
    row.key_problem = words
    row.check_problem = None
    finish(row, started_at, now(), CHECK_EVERY)


def finish(row: ProcessorAccount, started_at: datetime | None, moment: datetime, pause: timedelta) -> None:
    """End the check and schedule the next: at once if one was requested meanwhile, else after `pause`."""
    row.checked_at = moment
    if row.check_requested_at == started_at:
        row.check_requested_at = None
        row.next_check_at = moment + pause
    else:
        row.next_check_at = moment
