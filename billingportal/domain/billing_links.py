"""Links that lead a client into its billing page: signed, short-lived, and stored nowhere."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.domain import signed_tokens
from billingportal.models import Client

PURPOSE = "billing links"
# Where links lead, under the public address of the portal.
PATH = "/portal/billing-link"
# How long they open the page: those that staff hand over, and those that go by mail.
STAFF_HOURS = 24
MAIL_HOURS = 1

LinkState = Literal["open", "expired", "unknown"]


@dataclass(frozen=True)
class Opened:
    """What a link turned out to be. Only an open one names its client."""

    state: LinkState
    client: Client | None = None


def token(secret_keys: tuple[str, ...], client_id: int, *, hours: int) -> str:
    """A new token for a client."""
    return signed_tokens.sign(secret_keys, PURPOSE, client_id, timedelta(hours=hours))


def path(secret_keys: tuple[str, ...], client_id: int, *, hours: int) -> str:
    """The path of a new link."""
    return f"{PATH}/{token(secret_keys, client_id, hours=hours)}"


def opened(session: Session, secret_keys: tuple[str, ...], token: str) -> Opened:
    """Whose link it is. An archived client's opens nothing."""
    claim = signed_tokens.read(secret_keys, PURPOSE, token)
    if claim is None:
        return Opened("unknown")
    if claim.is_over:
        return Opened("expired")
    client = session.get(Client, claim.client_id)
    if client is None or client.archived_at is not None:
        return Opened("unknown")
    return Opened("open", client)
