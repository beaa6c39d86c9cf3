"""A webhook address: the account that it belongs to, and its signing secrets.

Looking it up takes as long as storing an event, and it hardly ever changes. So each process caches it, and
stores an event only if the cached secret is still current (`inbox.EndpointProof`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app
from sqlalchemy import Select, bindparam, select

from billingportal.clock import now
from billingportal.db import glance
from billingportal.domain.sync.inbox import EndpointProof
from billingportal.models import EventDestination, ProcessorAccount, WebhookEndpoint
from billingportal.portal import current_portal

EXTENSION = "webhook_doors"


def by_token(model: type[WebhookEndpoint] | type[EventDestination]) -> Select[tuple[object, ...]]:
    """The statement that finds an address by its `token`."""
    found = select(
        model.processor_account_id,
        ProcessorAccount.mode,
        ProcessorAccount.stripe_account_id,
        model.secret_sealed,
        model.previous_secret_sealed,
        model.previous_secret_ends_at,
    )
    joined = found.join(ProcessorAccount, ProcessorAccount.id == model.processor_account_id)
    return cast("Select[tuple[object, ...]]", joined.where(model.token == bindparam("token")))


FIND, FIND_DESTINATION = by_token(WebhookEndpoint), by_token(EventDestination)


@dataclass(frozen=True)
class Door:
    """One webhook address, with its decrypted secrets."""

    processor_account_id: int
    livemode: bool
    stripe_account_id: str | None
    proof: EndpointProof
    secrets: list[str]

    def __repr__(self) -> str:
        return f"Door({self.processor_account_id})"


def remembered(token: str) -> Door | None:
    return doors().get(token)


def look_up(token: str) -> Door | None:
    """The stored webhook address. It is cached when it has exactly one valid secret. Raises CannotOpen."""
    door = find_door(FIND, token)
    if door is not None and len(door.secrets) == 1:
        doors()[token] = door
    return door


def look_up_destination(token: str) -> Door | None:
    """The stored address of an event destination; its notices are too few to cache it. Raises CannotOpen."""
    return find_door(FIND_DESTINATION, token)


def find_door(statement: Select[tuple[object, ...]], token: str) -> Door | None:
    with glance() as connection:
        row = connection.execute(statement, {"token": token}).one_or_none()
    if row is None:
        return None
    secrets = secrets_of(row.secret_sealed, row.previous_secret_sealed, row.previous_secret_ends_at)
    proof = EndpointProof(token, row.secret_sealed)
    return Door(row.processor_account_id, row.mode == "live", row.stripe_account_id, proof, secrets)


def secrets_of(sealed: str | None, previous_sealed: str | None, previous_ends_at: datetime | None) -> list[str]:
    """The current signing secret, then the previous one as long as deliveries made for it may arrive."""
    is_previous_good = previous_ends_at is not None and previous_ends_at > now()
    good = [sealed, previous_sealed if is_previous_good else None]
    return [current_portal().vault.open_(one) for one in good if one is not None]


def doors() -> dict[str, Door]:
    return cast(dict[str, Door], current_app.extensions.setdefault(EXTENSION, {}))
