"""The sealed values in the database: counts those that no key opens, and drops them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Connection, inspect, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Base
from billingportal.domain.common import audit
from billingportal.models import (
    EventDestination,
    MailSettings,
    OutgoingEndpoint,
    ProcessorAccount,
    ReportKey,
    WebhookEndpoint,
)
from billingportal.vault import Vault

SEALED = "_sealed"
WHERE_KEYS = "SaaS > Payment Processor"
WHERE_MAIL = "Settings > Mail"
WHERE_OUTGOING = "Settings > Outgoing webhooks"
LOST_KEY = "The stored key could not be opened and was dropped. Paste the secret key again."
LOST_PASSWORD = "The saved password could not be opened and was dropped. Type it again."  # noqa: S105
LOST_SIGNING_SECRET = "The stored secret could not be opened and was dropped. Rotate it, then switch the address on."  # noqa: S105


@dataclass(frozen=True)
class Count:
    """How many values are sealed, and how many of them no key opens."""

    total: int
    lost: int

    @property
    def are_all_lost(self) -> bool:
        return 0 < self.total == self.lost


def count(connection: Connection, vault: Vault) -> Count:
    """Count the sealed values in the tables that exist: the database may be older or newer than this code."""
    values = list(sealed_values(connection))
    return Count(len(values), sum(not vault.can_open(value) for value in values))


def sealed_values(connection: Connection) -> Iterator[str]:
    inspector = inspect(connection)
    tables = set(inspector.get_table_names())
    for column in sealed_columns():
        table = column.table.name
        if table in tables and column.name in {found["name"] for found in inspector.get_columns(table)}:
            yield from connection.scalars(select(column).where(column.is_not(None)))


def sealed_columns() -> list[Column[str]]:
    """Every column that holds sealed values: their names end alike."""
    tables = Base.metadata.sorted_tables
    return [column for table in tables for column in table.columns if column.name.endswith(SEALED)]


def drop_lost(session: Session, vault: Vault) -> list[str]:
    """Drop the values that no key opens, with an audit entry. Returns the secrets to paste again, and where."""
    accounts = [row for row in session.scalars(select(ProcessorAccount)) if is_lost(vault, row.key_sealed)]
    to_paste = [f"the secret key of {row.display_name} ({row.mode}) on {WHERE_KEYS}" for row in accounts]
    for account in accounts:
        drop_key(account)
    dropped = len(accounts)
    registered: list[WebhookEndpoint | EventDestination] = [
        *session.scalars(select(WebhookEndpoint)),
        *session.scalars(select(EventDestination)),
    ]
    dropped += sum(drop_signing_secrets(row, vault) for row in registered)
    for mail in session.scalars(select(MailSettings)):
        if is_lost(vault, mail.password_sealed):
            mail.password_sealed, mail.problem = None, LOST_PASSWORD
            to_paste.append(f"the password of {mail.username} at {mail.host} on {WHERE_MAIL}")
            dropped += 1
    for address in session.scalars(select(OutgoingEndpoint)):
        lost = drop_outgoing_secrets(address, vault)
        dropped += lost
        if lost and address.secret_sealed is None:
            to_paste.append(f"the secret of {address.url}, to be rotated on {WHERE_OUTGOING}")
    for key in session.scalars(select(ReportKey)):
        if is_lost(vault, key.private_key_sealed):
            key.private_key_sealed = None  # the next report makes a new one
            dropped += 1
    if dropped:
        summary = f"Dropped {dropped} stored secrets that no secret key opened"
        audit.record_act(
            session, audit.Act("stored_secrets.dropped", summary, actor="command", details={"to_paste": [*to_paste]})
        )
    return to_paste


def is_lost(vault: Vault, sealed: str | None) -> bool:
    return sealed is not None and not vault.can_open(sealed)


def drop_key(account: ProcessorAccount) -> None:
    """Drop the key. A connected account then waits for a new one; an offer is withdrawn."""
    account.forget_key()
    if account.state == "connected":
        account.key_state, account.key_problem = "unreadable", LOST_KEY
    elif account.state == "offered":
        account.state = "disconnected"


def drop_signing_secrets(endpoint: WebhookEndpoint | EventDestination, vault: Vault) -> int:
    """Drop lost secrets; returns how many. Without its secret an address is registered again once there is a key."""
    dropped = 0
    if is_lost(vault, endpoint.previous_secret_sealed):
        endpoint.previous_secret_sealed, endpoint.previous_secret_ends_at = None, None
        dropped += 1
    if is_lost(vault, endpoint.secret_sealed):
        endpoint.secret_sealed, endpoint.state = None, "waiting"
        dropped += 1
    return dropped


def drop_outgoing_secrets(address: OutgoingEndpoint, vault: Vault) -> int:
    """Drop lost secrets; returns how many. Without its secret an address waits, paused: it could sign nothing."""
    dropped = 0
    if is_lost(vault, address.old_secret_sealed):
        address.old_secret_sealed, address.old_secret_ends_at = None, None
        dropped += 1
    if is_lost(vault, address.secret_sealed):
        address.secret_sealed, address.last_problem = None, LOST_SIGNING_SECRET
        address.state, address.paused_at = "paused", now()
        dropped += 1
    return dropped
