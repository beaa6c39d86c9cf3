"""Tells the host platform about changed entitlements, with the whole answer as it is then.

A change grows `entitlement.revision` in its own transaction, so none is lost; several quick ones make one message.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.references import Ref
from billingportal.domain.entitlements import answer
from billingportal.domain.entitlements.answer import Whose
from billingportal.domain.outgoing_webhooks.client_events import client_names
from billingportal.domain.outgoing_webhooks.event_types import ENTITLEMENTS_CHANGED
from billingportal.domain.outgoing_webhooks.events import record_event, wanting_endpoints
from billingportal.models import Client, Entitlement
from billingportal.plain_json import JsonObject

BATCH = 50


def changed_clients(session: Session) -> list[int]:
    """The ids of up to BATCH clients whose entitlement changed since it was announced."""
    return list(
        session.scalars(
            select(Entitlement.client_id)
            .where(Entitlement.revision != Entitlement.announced_revision)
            .order_by(Entitlement.client_id)
            .limit(BATCH)
        )
    )


def announce_change(session: Session, client_id: int, base_url: str) -> None:
    """Write the message of one client's change, unless another worker does. The client is locked first."""
    locked = select(Client).where(Client.id == client_id).with_for_update(skip_locked=True, key_share=True)
    client = session.scalar(locked)
    if client is None:
        return
    entitlement = session.scalars(
        select(Entitlement).where(Entitlement.client_id == client_id).execution_options(populate_existing=True)
    ).one()
    if entitlement.announced_revision == entitlement.revision:
        return
    entitlement.announced_revision = entitlement.revision
    session.flush()
    if wanting_endpoints(session, client.mode, ENTITLEMENTS_CHANGED):
        data = current_answer(session, client, base_url)
        record_event(session, client.mode, ENTITLEMENTS_CHANGED, client.id, data)


def current_answer(session: Session, client: Client, base_url: str) -> JsonObject:
    """The answer that `GET /clients/{client}/entitlements` gives, with the host platform's own id."""
    tag = answer.read_tag(session, client.mode, Whose("client", Ref(id=client.id)), base_url)
    if tag is not None and tag.is_stale:
        answer.begin_periods(session, client.mode, tag)
    found = answer.entitlements_answer(session, client.mode, client.id, base_url=base_url)
    return {**client_names(client.id, client.external_id), **found}
