"""The data of the Payment Processor page, gathered in one place and comparable as a whole."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.domain.common.severity import Severity
from billingportal.domain.connection import processor_accounts
from billingportal.domain.connection.webhook_registration import WEBHOOK
from billingportal.models import AuditEntry, ProcessorAccount, WebhookEndpoint
from billingportal.models.connection.processor_account import Mode
from billingportal.web.connection.reading import Reading, reading
from billingportal.web.connection.usage_errors import UsageErrors, usage_errors

StatusKind = Severity | Literal["busy"]
# A worker polls every second; one that has not answered for this long is not running.
WORKER_ANSWERS_WITHIN = timedelta(seconds=20)
REPAIRS = ("webhook_endpoint.repaired", "event_destination.repaired")
REPAIRS_SHOWN = 5


@dataclass(frozen=True)
class Status:
    """An icon and words."""

    kind: StatusKind
    words: str


@dataclass(frozen=True)
class PreflightLine:
    kind: StatusKind
    words: str
    detail: str


@dataclass(frozen=True)
class Repair:
    words: str
    at: datetime


@dataclass(frozen=True)
class Connection:
    """The connected account of a mode, ready to be shown. Times are rounded to the minute, so that two reads
    compare equal until something really changed."""

    account_id: int
    name: str
    stripe_account_id: str | None
    country: str | None
    currency: str | None
    masked_key: str
    key: Status
    key_problem: str | None
    webhook: Status
    webhook_problem: str | None
    webhook_url: str | None
    usage_errors: UsageErrors
    is_reachable: bool
    last_event_at: datetime | None
    is_verifying: bool
    is_worker_missing: bool
    checked_at: datetime | None
    check_problem: str | None
    preflight: tuple[PreflightLine, ...]
    repairs: tuple[Repair, ...]
    reading: Reading
    offered_name: str | None
    needs_attention: bool

    @property
    def fingerprint(self) -> str:
        """Changes whenever the page would look different."""
        return hashlib.sha256(repr((self, now().replace(second=0, microsecond=0))).encode()).hexdigest()[:16]

    @property
    def is_busy(self) -> bool:
        return self.is_verifying or (self.reading.complete_up_to is None and self.reading.problem is None)


def connection(session: Session, settings: Settings, mode: Mode) -> Connection | None:
    """The stored connection of a mode, or None when no account is connected."""
    account = processor_accounts.connected(session, mode)
    if account is None:
        return None
    endpoint, catch_up = account.endpoint, account.catch_up
    offered = processor_accounts.offered(session, mode)
    requested_at = account.check_requested_at
    return Connection(
        account_id=account.id,
        name=account.display_name,
        stripe_account_id=account.stripe_account_id,
        country=account.country,
        currency=account.currency,
        masked_key=f"{account.key_prefix}••••••••{account.key_last_four}",
        key=key_status(account),
        key_problem=account.key_problem,
        webhook=webhook_status(account, endpoint),
        webhook_problem=endpoint.problem if endpoint else None,
        webhook_url=webhook_url(settings, endpoint),
        usage_errors=usage_errors(session, settings, account),
        is_reachable=settings.is_reachable_by_stripe,
        last_event_at=processor_accounts.last_event_at(session, account),
        is_verifying=account.is_verifying,
        is_worker_missing=requested_at is not None and now() - requested_at > WORKER_ANSWERS_WITHIN,
        checked_at=account.checked_at,
        check_problem=account.check_problem,
        preflight=tuple(preflight_line(cast(dict[str, str], line)) for line in account.preflight),
        repairs=repairs(session, account),
        reading=reading(session, catch_up),
        offered_name=offered.display_name if offered else None,
        needs_attention=processor_accounts.needs_attention(account),
    )


def key_status(account: ProcessorAccount) -> Status:
    if account.key_state == "working":
        return Status("ok", "Accepted" if account.checked_at is None else "Working")
    words = {"expired": "Expired", "rejected": "Not accepted", "unreadable": "Cannot be opened"}
    return Status("bad", words[account.key_state])


def webhook_status(account: ProcessorAccount, endpoint: WebhookEndpoint | None) -> Status:
    """The status on the Webhook line. Without a working key it is unknown."""
    if account.key_state != "working":
        return Status("mute", "unknown")
    state = endpoint.state if endpoint else "waiting"
    if state == "registered":
        return Status("ok", "registered")
    if state == "waiting":
        return Status("busy", "Registering…")
    if state == "unreachable":
        return Status("info", "not registered")
    return Status("bad", "not registered")


def webhook_url(settings: Settings, endpoint: WebhookEndpoint | None) -> str | None:
    if endpoint is None or settings.public_url is None or not settings.is_reachable_by_stripe:
        return None
    return WEBHOOK.address(settings.public_url, endpoint.token)


def preflight_line(line: dict[str, str]) -> PreflightLine:
    return PreflightLine(cast(StatusKind, line["kind"]), line["words"], line["detail"])


def repairs(session: Session, account: ProcessorAccount) -> tuple[Repair, ...]:
    """Automatic repairs of the webhook and of the event destination, newest first."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.processor_account_id == account.id, AuditEntry.action.in_(REPAIRS))
        .order_by(AuditEntry.id.desc())
        .limit(REPAIRS_SHOWN)
    )
    return tuple(Repair(entry.summary, entry.recorded_at) for entry in entries)
