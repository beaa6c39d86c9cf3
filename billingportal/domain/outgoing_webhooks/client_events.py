"""The events of a client: created, suspended, reactivated, archived."""

from typing import Literal

from sqlalchemy.orm import Session

from billingportal.domain.outgoing_webhooks.events import record_event, rfc3339, rfc3339_or_none
from billingportal.models import Client
from billingportal.plain_json import JsonObject

ClientEvent = Literal["client.created", "client.suspended", "client.reactivated", "client.archived"]


def record_client_event(session: Session, client: Client, event_type: ClientEvent) -> None:
    """Write the event with the client as it is now, in the transaction that changes it."""
    record_event(session, client.mode, event_type, client.id, client_data(client))


def client_data(client: Client) -> JsonObject:
    return {
        **client_names(client.id, client.external_id),
        "name": client.name,
        "email": client.email,
        "suspended_at": rfc3339_or_none(client.suspended_at),
        "suspension_reason": client.suspension_reason or None,
        "archived_at": rfc3339_or_none(client.archived_at),
        "created_at": rfc3339(client.created_at),
    }


def client_names(client_id: int, external_id: str | None) -> JsonObject:
    """How every event names its client: the public id and the host platform's own id."""
    return {"client": f"cl_{client_id}", "external_id": external_id}
