"""A webhook address: the account that it belongs to, and its signing secrets.

Looking it up takes as long as storing an event, and it hardly ever changes. So each process caches it, and
stores an event only if the cached secret is still current (`inbox.EndpointProof`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app
from sqlalchemy import bindparam, select

from billingportal.clock import now
from billingportal.db import glance
from billingportal.domain.sync.inbox import EndpointProof
from billingportal.models import ProcessorAccount, WebhookEndpoint
from billingportal.portal import current_portal

EXTENSION = "webhook_doors"
FIND = (
    select(
        WebhookEndpoint.processor_account_id,
        ProcessorAccount.mode,
        WebhookEndpoint.secret_sealed,
        WebhookEndpoint.previous_secret_sealed,
        WebhookEndpoint.previous_secret_ends_at,
    )
    .join(ProcessorAccount, ProcessorAccount.id == WebhookEndpoint.processor_account_id)
    .where(WebhookEndpoint.token == bindparam("token"))
)


@dataclass(frozen=True)
class Door:
    """One webhook address, with its decrypted secrets."""

    processor_account_id: int
    livemode: bool
    proof: EndpointProof
    secrets: list[str]

    def __repr__(self) -> str:
        return f"Door({self.processor_account_id})"


def remembered(token: str) -> Door | None:
    return doors().get(token)


def look_up(token: str) -> Door | None:
    """The stored webhook address. It is cached when it has exactly one valid secret. Raises CannotOpen."""
    with glance() as connection:
        row = connection.execute(FIND, {"token": token}).one_or_none()
    if row is None:
        return None
    secrets = secrets_of(row.secret_sealed, row.previous_secret_sealed, row.previous_secret_ends_at)
    door = Door(row.processor_account_id, row.mode == "live", EndpointProof(token, row.secret_sealed), secrets)
    if len(secrets) == 1:
        doors()[token] = door
    return door


def secrets_of(sealed: str | None, previous_sealed: str | None, previous_ends_at: datetime | None) -> list[str]:
    """The current signing secret, then the previous one as long as deliveries made for it may arrive."""
    is_previous_good = previous_ends_at is not None and previous_ends_at > now()
    good = [sealed, previous_sealed if is_previous_good else None]
    return [current_portal().vault.open_(one) for one in good if one is not None]


def doors() -> dict[str, Door]:
    return cast(dict[str, Door], current_app.extensions.setdefault(EXTENSION, {}))
