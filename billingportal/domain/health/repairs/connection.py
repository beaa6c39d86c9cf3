"""Repairs of the connection: ask Stripe again, which repairs key, webhook and event destination where it can."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.connection.processor_accounts import catch_up_of, request_check
from billingportal.domain.health.findings.check import Surroundings
from billingportal.domain.health.repairs.repair import Repair
from billingportal.domain.sync import event_log
from billingportal.errors import Refusal
from billingportal.models import ProcessorAccount
from billingportal.plain_json import JsonObject


def account_of(session: Session, arguments: JsonObject) -> ProcessorAccount:
    """The connected account that a finding is about. Raises Refusal when it is no longer connected."""
    account_id = arguments.get("account_id")
    account = session.get(ProcessorAccount, account_id) if isinstance(account_id, int) else None
    if account is None or account.state != "connected":
        raise Refusal("", "This account is no longer connected.")
    return account


def check_account(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Have the worker check key and registrations at once, and repair what can be repaired."""
    with surroundings.transaction() as session:
        account = account_of(session, arguments)
        request_check(account, now())
        record(session, account, "connection.check_requested", "Had the connection checked and repaired", staff_id)
    return "The worker asks Stripe now and repairs what it can."


def replay_events(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Have the worker apply the failed events again."""
    with surroundings.transaction() as session:
        account = account_of(session, arguments)
        event_log.replay_failed(session, account.id)
        record(session, account, "events.replayed", "Had the failed events replayed", staff_id)
    return "The worker applies the failed events again."


def catch_up(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Have the worker read what is missing from Stripe."""
    with surroundings.transaction() as session:
        account = account_of(session, arguments)
        catch_up_of(session, account).request(now())
        record(session, account, "catch_up.requested", "Had missing events read from Stripe", staff_id)
    return "The worker reads what is missing from Stripe."


def record(session: Session, account: ProcessorAccount, action: str, words: str, staff_id: int) -> None:
    audit.record_act(session, audit.Act(action, words, staff_id=staff_id, processor_account_id=account.id))


REPAIRS = (
    Repair("connection.check", check_account),
    Repair("events.replay", replay_events),
    Repair("catch_up.run", catch_up),
)
