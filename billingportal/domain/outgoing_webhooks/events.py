"""Writes the messages of an event, in the transaction of the event: the outbox of outgoing webhooks."""

import json
import secrets
from datetime import datetime
from typing import cast

from sqlalchemy import Select, Table, bindparam, insert, select

from billingportal.clock import now
from billingportal.db import Database
from billingportal.models import OutgoingDelivery, OutgoingEndpoint, OutgoingMessage
from billingportal.models.connection.processor_account import Mode
from billingportal.models.outgoing_webhooks.outgoing_delivery import IS_WAITING
from billingportal.models.rehearsal.visibility import is_rehearsal
from billingportal.plain_json import Json, JsonObject

ENDPOINTS = cast(Table, OutgoingEndpoint.__table__).c
MESSAGES = cast(Table, OutgoingMessage.__table__)
DELIVERIES = cast(Table, OutgoingDelivery.__table__)
CHOSEN: Select[int, list[Json]] = select(ENDPOINTS.id, ENDPOINTS.events).where(
    ENDPOINTS.mode == bindparam("mode"), ENDPOINTS.deleted_at.is_(None)
)
ADD_MESSAGE = insert(MESSAGES).returning(MESSAGES.c.id)
ADD_DELIVERY = insert(DELIVERIES)
LAST_WAITING = (
    select(DELIVERIES.c.id)
    .where(
        DELIVERIES.c.endpoint_id == bindparam("endpoint_id"),
        DELIVERIES.c.client_id == bindparam("client_id"),
        IS_WAITING,
        DELIVERIES.c.keeps_order,
    )
    .order_by(DELIVERIES.c.id.desc())
    .limit(1)
    .with_for_update()
)
# Deliveries without a client have their own order at an endpoint.
NO_CLIENT = 0
LONGEST_ABOUT = 200


def record_event(
    database: Database, mode: Mode, event_type: str, client_id: int | None, data: JsonObject, *, about: str = ""
) -> None:
    """Write the event for every endpoint that chose its type, in the caller's transaction.

    Messages of one client are sent in the order in which they are written. Transactions that run at the same time
    keep that order if they have the client's row locked. `about` names the subject for people, beside the client.
    Nothing is written about a throw-away client of a rehearsal.
    """
    endpoint_ids = wanting_endpoints(database, mode, event_type)
    if endpoint_ids and (client_id is None or not is_rehearsal(database, client_id)):
        message_id = write_message(database, mode, event_type, client_id, data, about=about)
        write_deliveries(database, message_id, event_type, endpoint_ids, client_id)


def wanting_endpoints(database: Database, mode: Mode, event_type: str) -> list[int]:
    """The ids of the endpoints that chose the type. Endpoints that are paused or off collect messages too."""
    rows = database.execute(CHOSEN, {"mode": mode})
    return [endpoint_id for endpoint_id, chosen in rows if event_type in chosen]


def write_message(
    database: Database, mode: Mode, event_type: str, client_id: int | None, data: JsonObject, *, about: str = ""
) -> int:
    """Insert the message and return its id. Its body is the text that is signed and sent, on every attempt the same."""
    moment = now()
    values = {
        "webhook_id": f"msg_{secrets.token_hex(16)}",
        "mode": mode,
        "type": event_type,
        "client_id": client_id,
        "about": about[:LONGEST_ABOUT],
        "body": body_of(event_type, moment, data),
        "created_at": moment,
    }
    return int(database.execute(ADD_MESSAGE, values).scalar_one())


def write_deliveries(
    database: Database,
    message_id: int,
    event_type: str,
    endpoint_ids: list[int],
    client_id: int | None,
    *,
    keeps_order: bool = True,
) -> None:
    """Insert a delivery for each endpoint. It is due now, or once the one before it has left the queue."""
    moment, place = now(), client_id or NO_CLIENT
    for endpoint_id in endpoint_ids:
        waits = keeps_order and is_preceded(database, endpoint_id, place)
        values = {
            "message_id": message_id,
            "endpoint_id": endpoint_id,
            "type": event_type,
            "client_id": place,
            "keeps_order": keeps_order,
            "state": "waiting",
            "attempts": 0,
            "next_attempt_at": None if waits else moment,
            "created_at": moment,
        }
        database.execute(ADD_DELIVERY, values)


def is_preceded(database: Database, endpoint_id: int, client_id: int) -> bool:
    """Whether a delivery of this endpoint and client waits. The last one is locked until this transaction ends.

    So the worker that finishes it meanwhile waits, and then finds the new delivery as the next in the queue.
    """
    return database.execute(LAST_WAITING, {"endpoint_id": endpoint_id, "client_id": client_id}).first() is not None


def body_of(event_type: str, moment: datetime, data: JsonObject) -> str:
    """The body of the Standard Webhooks specification: type, timestamp, data."""
    whole = {"type": event_type, "timestamp": rfc3339(moment), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def rfc3339(moment: datetime) -> str:
    """A time in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
