"""Checks a connected account's key and webhook, and makes the repairs that need no decision by staff."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.common.due_times import is_due
from billingportal.domain.connection import event_destination, preflight
from billingportal.domain.connection.credentials import describe
from billingportal.domain.connection.findings import Examination, Findings, Mine
from billingportal.domain.connection.processor_accounts import catch_up_of, destination_of, endpoint_of, gateway_of
from billingportal.domain.connection.registration import Registered, Repaired
from billingportal.domain.sync import event_log, failed_reads
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import KeyState
from billingportal.models.connection.registered_address import RegisteredAddress
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.errors import KeyExpired, KeyRejected, StripeProblem
from billingportal.vault import CannotOpen, Vault

CHECK_EVERY = timedelta(minutes=5)
AFTER_A_PROBLEM = timedelta(seconds=30)
LEASE = timedelta(seconds=90)


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
        mine = Mine(Registered.of(endpoint_of(session, row), vault), Registered.of(destination_of(session, row), vault))
        started_at = row.check_requested_at
        try:
            gateway = gateway_of(row, vault, open_gateway)
        except CannotOpen as problem:
            end_with_key_problem(row, "unreadable", f"{problem} Paste the secret key again.", started_at)
            return
    try:
        found = Examination(transaction, gateway, vault, settings, mine).run(is_restricted=is_restricted)
    except StripeProblem as problem:
        with transaction() as session:
            end_with_problem(session.get_one(ProcessorAccount, processor_account_id), problem, started_at)
        return
    end_well(transaction, processor_account_id, found, started_at)


def end_well(transaction: Transaction, processor_account_id: int, found: Findings, started_at: datetime | None) -> None:
    moment = now()
    with transaction() as session:
        row = session.get_one(ProcessorAccount, processor_account_id, with_for_update=True)
        if row.state != "connected":
            return
        describe(row, found.account)
        row.key_state = "working"
        row.key_problem = None
        lines = [line.as_json() for line in preflight_lines(row, found)]
        has_changed = lines != row.preflight
        row.preflight = lines
        is_new = note_outcomes(session, row, found, moment)
        row.check_problem = found.problem and unexpected(found.problem)
        is_well = found.endpoint.problem is None and found.problem is None
        finish(row, started_at, moment, CHECK_EVERY if is_well else AFTER_A_PROBLEM)
        if has_changed:
            # The key may have got a right: what it could not read is read again.
            failed_reads.retry_now(session, row.id)
            event_log.replay_failed(session, row.id)
        if found.endpoint.repairs or is_new or has_changed:
            catch_up_of(session, row).next_run_at = moment


def preflight_lines(row: ProcessorAccount, found: Findings) -> list[preflight.Line]:
    return preflight.lines(row, found.account, found.missing, found.endpoints_used, found.others_here)


def note_outcomes(session: Session, row: ProcessorAccount, found: Findings, moment: datetime) -> bool:
    """Store the two registrations' outcomes and record their repairs. Whether the webhook's state is new."""
    endpoint, destination = endpoint_of(session, row), destination_of(session, row)
    is_new = endpoint.state != found.endpoint.state
    endpoint.state, endpoint.problem = found.endpoint.state, found.endpoint.problem
    record_repairs(session, row, "webhook_endpoint", endpoint, found.endpoint.repairs)
    if found.destination is not None:
        event_destination.note_outcome(destination, found.destination, moment)
        record_repairs(session, row, "event_destination", destination, found.destination.repairs)
    return is_new


def record_repairs(
    session: Session, row: ProcessorAccount, kind: str, address: RegisteredAddress, repairs: list[Repaired]
) -> None:
    """Remember the repairs with the registration, and record each in the audit log."""
    for made in repairs:
        address.note_repair(made.wrong, now())
        subject = (kind, address.id)
        audit.record_act(
            session,
            audit.Act(f"{kind}.repaired", made.words, actor="sync", subject=subject, processor_account_id=row.id),
        )


def unexpected(message: str) -> str:
    return f"Stripe did not answer as expected: {message}"


def end_with_problem(row: ProcessorAccount, problem: StripeProblem, started_at: datetime | None) -> None:
    """Record that Stripe rejected the key or could not be asked: earlier findings stay."""
    if isinstance(problem, KeyExpired):
        end_with_key_problem(row, "expired", "Stripe says the key has expired. It was probably rolled.", started_at)
    elif isinstance(problem, KeyRejected):
        end_with_key_problem(row, "rejected", "Stripe no longer knows the key. It was probably deleted.", started_at)
    else:
        row.check_problem = unexpected(problem.message)
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
