"""Links that open a client's billing page: signed, short-lived, and stored nowhere.

A link may be opened many times while it is valid, as mail scanners do. Withdrawing the client's access ends them all.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.domain.auth import signed_tokens
from billingportal.models import Client

PURPOSE = "billing links"
# Where links lead, under the public address of the portal.
PATH = "/portal/billing-link"
# Lifetimes of links that staff hand over, and of emailed links.
STAFF_HOURS = 24
MAIL_HOURS = 1

LinkState = Literal["open", "expired", "withdrawn", "unknown"]


@dataclass(frozen=True)
class Opened:
    """The state of a link. Only an open link has a client."""

    state: LinkState
    client: Client | None = None


def link_path(secret_keys: tuple[str, ...], client_id: int, access_generation: int, *, hours: int) -> str:
    """The path of a new link for a client, valid while the client's `access_generation` is unchanged."""
    token = signed_tokens.sign_token(secret_keys, PURPOSE, timedelta(hours=hours), client_id, access_generation)
    return f"{PATH}/{token}"


def open_link(session: Session, secret_keys: tuple[str, ...], token: str, *, lock: bool = False) -> Opened:
    """The link's state and client; with `lock`, nobody withdraws it until this transaction ends. The links of archived
    clients are withdrawn."""
    claim = signed_tokens.read_token(secret_keys, PURPOSE, token)
    if claim is None:
        return Opened("unknown")
    if claim.is_over:
        return Opened("expired")
    client_id, access_generation = claim.facts
    client = session.get(Client, client_id, with_for_update={"key_share": True} if lock else None)
    if client is None:
        return Opened("unknown")
    if client.archived_at is not None or client.access_generation != access_generation:
        return Opened("withdrawn")
    return Opened("open", client)
