"""Signs messages by the Standard Webhooks specification, and makes the secrets that sign."""

import base64
import secrets
from datetime import datetime

from standardwebhooks.webhooks import Webhook

from billingportal.models import OutgoingEndpoint
from billingportal.vault import CannotOpen, Vault

# The specification asks for 24 to 64 bytes.
SECRET_BYTES = 32
SHOWN_CHARACTERS = 4


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def end_of(secret: str) -> str:
    """The last characters, by which people tell secrets apart."""
    return secret.rstrip("=")[-SHOWN_CHARACTERS:]


def open_secrets(endpoint: OutgoingEndpoint, vault: Vault, moment: datetime) -> tuple[str, ...]:
    """The secrets that sign now: the current one, and after a rotation the one before.

    Raises CannotOpen, also where the current one was dropped: nothing leaves unsigned.
    """
    if endpoint.secret_sealed is None:
        raise CannotOpen
    sealed: list[str | None] = [endpoint.secret_sealed]
    if endpoint.old_secret_ends_at is not None and moment < endpoint.old_secret_ends_at:
        sealed.append(endpoint.old_secret_sealed)
    return tuple(vault.open_(one) for one in sealed if one is not None)


def signed_headers(signing: tuple[str, ...], webhook_id: str, moment: datetime, body: str) -> dict[str, str]:
    """The three headers of the specification, with one signature for each secret."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, moment, body) for secret in signing),
    }
