"""Audits from their start to their end: on demand, and every night."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.health.audit.outcome.entries import store_counts
from billingportal.domain.health.audit.progress import Place, locked_audit, place_of, running_audit
from billingportal.domain.health.audit.work import Work
from billingportal.errors import Refusal
from billingportal.models import CatchUp, Client, ClientCustomer, ProcessorAccount, StripeAudit

# UTC.
NIGHTLY_AT = time(3, 10)
# An audit that cannot be read to its end within this is given up.
LONGEST = timedelta(hours=12)
INTERRUPTED = "It was interrupted."
WORKING = (ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working")


def begin(session: Session, account_id: int, *, client_id: int | None = None, is_dry_run: bool = False) -> StripeAudit:
    """A new audit, or the one of the whole account that is under way. Raises Refusal for a client without a customer.

    Locks the account's catch-up, so that two of them do not begin at once.
    """
    catch_up = session.scalar(select(CatchUp).where(CatchUp.processor_account_id == account_id).with_for_update())
    is_whole = client_id is None and not is_dry_run
    under_way = running_audit(session, account_id) if is_whole else None
    if under_way is not None:
        return under_way
    if client_id is not None and customer_of(session, account_id, client_id) is None:
        raise Refusal("client", "This client has no customer at Stripe.")
    behind_since = catch_up.complete_up_to if catch_up is not None else None
    audit = StripeAudit(
        processor_account_id=account_id,
        client_id=client_id,
        state="running",
        is_dry_run=is_dry_run,
        progress=Place(behind_since=behind_since).to_json(),
        counts={},
        started_at=now(),
    )
    session.add(audit)
    session.flush()
    return audit


def customer_of(session: Session, account_id: int, client_id: int) -> str | None:
    return session.scalar(
        select(ClientCustomer.stripe_customer_id)
        .join(Client, Client.id == ClientCustomer.client_id)
        .where(
            ClientCustomer.processor_account_id == account_id,
            ClientCustomer.client_id == client_id,
        )
    )


def work_of(session: Session, audit_id: int) -> Work:
    """What the audit is about, for the functions that do it."""
    audit = session.get_one(StripeAudit, audit_id)
    account_id, client_id = audit.processor_account_id, audit.client_id
    customer_id = customer_of(session, account_id, client_id) if client_id is not None else None
    return Work(audit.id, account_id, audit.started_at, audit.is_dry_run, client_id, customer_id)


def note_problem(session: Session, audit_id: int, words: str) -> None:
    """Write down what could not be read, each once."""
    audit = locked_audit(session, audit_id)
    if words not in audit.problem:
        audit.problem = f"{audit.problem} {words}".strip()


def end(session: Session, audit_id: int, *, is_broken: bool = False) -> None:
    """End the audit with its counts."""
    audit = locked_audit(session, audit_id)
    audit.state = "broken" if is_broken else "finished"
    audit.ended_at = now()
    audit.progress = replace(place_of(audit), leased_until=None).to_json()
    store_counts(session, audit)


def begin_nightly(session: Session, moment: datetime) -> list[int]:
    """Begin the audits that are due: one a night and account, the first in the night after it was connected."""
    return [begin(session, account_id).id for account_id in due_accounts(session, moment)]


def due_accounts(session: Session, moment: datetime) -> list[int]:
    """The ids of the accounts that had no audit last night."""
    due_at = last_night(moment)
    has_had_one = (
        select(StripeAudit.id)
        .where(
            StripeAudit.processor_account_id == ProcessorAccount.id,
            StripeAudit.client_id.is_(None),
            StripeAudit.is_dry_run.is_(False),
            StripeAudit.started_at >= due_at,
            StripeAudit.started_at <= moment,
        )
        .exists()
    )
    return list(
        session.scalars(
            select(ProcessorAccount.id)
            .join(CatchUp, CatchUp.processor_account_id == ProcessorAccount.id)
            .where(
                *WORKING,
                ProcessorAccount.connected_at < due_at,
                CatchUp.complete_up_to.is_not(None),
                ~has_had_one,
            )
        )
    )


def last_night(moment: datetime) -> datetime:
    """The last time at which a nightly audit was due."""
    today = moment.replace(hour=NIGHTLY_AT.hour, minute=NIGHTLY_AT.minute, second=0, microsecond=0)
    return today if today <= moment else today - timedelta(days=1)


def has_running(session: Session) -> bool:
    return session.scalar(select(StripeAudit.id).where(StripeAudit.state == "running").limit(1)) is not None


def running_audits(session: Session) -> list[tuple[int, int]]:
    """The audits under way and their accounts, oldest first, that any process may go on with."""
    rows = session.execute(
        select(StripeAudit.id, StripeAudit.processor_account_id)
        .join(ProcessorAccount, ProcessorAccount.id == StripeAudit.processor_account_id)
        .where(StripeAudit.state == "running", StripeAudit.is_dry_run.is_(False), *WORKING)
        .order_by(StripeAudit.id)
    )
    return [(audit_id, account_id) for audit_id, account_id in rows]


def end_old(session: Session) -> None:
    """End the audits that could not be read to their end in a long time, and the dry runs that nobody works on."""
    for audit in session.scalars(select(StripeAudit).where(StripeAudit.state == "running")).all():
        if now() - audit.started_at > LONGEST or is_lost(audit):
            note_problem(session, audit.id, INTERRUPTED)
            end(session, audit.id, is_broken=True)


def is_lost(audit: StripeAudit) -> bool:
    """Whether it is a dry run that no process works on: what it saw is lost, so nobody can go on with it."""
    leased_until = place_of(audit).leased_until
    return audit.is_dry_run and leased_until is not None and leased_until < now()


def latest_audit(session: Session, account_id: int) -> StripeAudit | None:
    """The newest audit of the whole account that is not a dry run."""
    return session.scalars(
        select(StripeAudit)
        .where(
            StripeAudit.processor_account_id == account_id,
            StripeAudit.client_id.is_(None),
            StripeAudit.is_dry_run.is_(False),
        )
        .order_by(StripeAudit.id.desc())
        .limit(1)
    ).one_or_none()
