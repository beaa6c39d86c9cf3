"""Adds, changes, pauses, switches on and deletes endpoints, and rotates their secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.locks import OUTGOING_WEBHOOKS, take_turns
from billingportal.domain.outgoing_webhooks import queue
from billingportal.domain.outgoing_webhooks.event_types import CHOICES
from billingportal.domain.outgoing_webhooks.http.addresses import read_url
from billingportal.domain.outgoing_webhooks.signatures import end_of, new_secret
from billingportal.errors import Conflict, Refusal
from billingportal.models import OutgoingEndpoint
from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import Json
from billingportal.vault import Vault

# After a rotation the old secret signs beside the new one for this long.
ROTATION = timedelta(hours=24)
MOST_ENDPOINTS = 20


@dataclass(frozen=True)
class EndpointTerms:
    """The typed terms of an endpoint."""

    url: str
    events: Sequence[str]


def listed_endpoints(session: Session, mode: Mode) -> Sequence[OutgoingEndpoint]:
    """The endpoints of a mode, in the order in which they were added."""
    mine = OutgoingEndpoint.mode == mode, OutgoingEndpoint.deleted_at.is_(None)
    return session.scalars(select(OutgoingEndpoint).where(*mine).order_by(OutgoingEndpoint.id)).all()


def find_endpoint(session: Session, mode: Mode, endpoint_id: int) -> OutgoingEndpoint | None:
    endpoint = session.get(OutgoingEndpoint, endpoint_id)
    return endpoint if endpoint is not None and endpoint.mode == mode and endpoint.deleted_at is None else None


def lock_endpoint(session: Session, mode: Mode, endpoint_id: int) -> OutgoingEndpoint:
    """The endpoint, read again and locked until the transaction ends. Raises Refusal when there is none."""
    options = {"key_share": True}
    endpoint = session.get(OutgoingEndpoint, endpoint_id, populate_existing=True, with_for_update=options)
    if endpoint is None or endpoint.mode != mode or endpoint.deleted_at is not None:
        raise Refusal("", "This address was deleted.")
    return endpoint


def add_endpoint(
    session: Session, vault: Vault, mode: Mode, terms: EndpointTerms, *, allows_private: bool, staff_id: int | None
) -> tuple[OutgoingEndpoint, str]:
    """Add an endpoint. Returns it with its secret, which is shown once. Raises Refusal naming the field."""
    take_turns(session, OUTGOING_WEBHOOKS)
    there = listed_endpoints(session, mode)
    if len(there) >= MOST_ENDPOINTS:
        raise Refusal("", f"There are {MOST_ENDPOINTS} addresses already. Delete one first.")
    url, events = checked_terms(there, terms, allows_private=allows_private)
    secret = new_secret()
    endpoint = OutgoingEndpoint(
        mode=mode,
        url=url,
        events=events,
        state="on",
        secret_sealed=vault.seal(secret),
        secret_end=end_of(secret),
        created_at=now(),
    )
    session.add(endpoint)
    session.flush()
    record(session, endpoint, "added", f"Added the outgoing webhook {url}", staff_id)
    return endpoint, secret


def change_endpoint(
    session: Session, mode: Mode, endpoint_id: int, terms: EndpointTerms, *, allows_private: bool, staff_id: int | None
) -> OutgoingEndpoint:
    """Change address and events. Raises Refusal naming the field."""
    take_turns(session, OUTGOING_WEBHOOKS)
    endpoint = lock_endpoint(session, mode, endpoint_id)
    others = [one for one in listed_endpoints(session, mode) if one.id != endpoint.id]
    url, events = checked_terms(others, terms, allows_private=allows_private)
    if (url, events) == (endpoint.url, endpoint.events):
        return endpoint
    words = f"Changed the outgoing webhook {endpoint.url}"
    if url != endpoint.url:
        words += f" to {url}"
        endpoint.url, endpoint.failing_since, endpoint.last_problem = url, None, ""
        queue.start_again(session, endpoint.id, now())
    endpoint.events = events
    record(session, endpoint, "changed", words, staff_id)
    return endpoint


def checked_terms(
    others: Sequence[OutgoingEndpoint], terms: EndpointTerms, *, allows_private: bool
) -> tuple[str, list[Json]]:
    url = read_url(terms.url.strip(), allows_private=allows_private).url
    if any(other.url == url for other in others):
        raise Refusal("url", "This address is there already.")
    events: list[Json] = [event_type for event_type in CHOICES if event_type in terms.events]
    if not events:
        raise Refusal("events", "Choose at least one event.")
    return url, events


def pause_endpoint(session: Session, mode: Mode, endpoint_id: int, *, staff_id: int) -> OutgoingEndpoint:
    """Send nothing until it is resumed; messages wait. Raises Refusal."""
    endpoint = lock_endpoint(session, mode, endpoint_id)
    if endpoint.state == "on":
        endpoint.state, endpoint.paused_at, endpoint.paused_by_staff_id = "paused", now(), staff_id
        record(session, endpoint, "paused", f"Paused the outgoing webhook {endpoint.url}", staff_id)
    return endpoint


def switch_on(session: Session, mode: Mode, endpoint_id: int, *, staff_id: int) -> OutgoingEndpoint:
    """Resume an endpoint that is paused or off, and send what waits, the oldest first. Raises Refusal."""
    endpoint = lock_endpoint(session, mode, endpoint_id)
    if endpoint.secret_sealed is None:
        raise Refusal("", "Its secret was dropped, since no key of the portal opened it. Rotate the secret first.")
    if endpoint.state != "on":
        endpoint.state, endpoint.failing_since, endpoint.last_problem = "on", None, ""
        endpoint.off_at, endpoint.off_reason, endpoint.paused_at, endpoint.paused_by_staff_id = None, None, None, None
        queue.start_again(session, endpoint.id, now())
        record(session, endpoint, "switched_on", f"Switched on the outgoing webhook {endpoint.url}", staff_id)
    return endpoint


def rotate_secret(
    session: Session, vault: Vault, mode: Mode, endpoint_id: int, *, secret_end: str, staff_id: int
) -> tuple[OutgoingEndpoint, str]:
    """Replace the secret; the old one signs too for 24 hours. Returns the new one, which is shown once.

    `secret_end` names the secret to replace, so that a form that is sent twice rotates once. Raises Refusal, Conflict.
    """
    endpoint = lock_endpoint(session, mode, endpoint_id)
    if endpoint.secret_end != secret_end:
        raise Conflict("This secret was rotated already. If you did not copy the new one, rotate it again.")
    secret = new_secret()
    endpoint.old_secret_sealed, endpoint.old_secret_ends_at = endpoint.secret_sealed, now() + ROTATION
    endpoint.secret_sealed, endpoint.secret_end = vault.seal(secret), end_of(secret)
    record(session, endpoint, "secret_rotated", f"Rotated the secret of the outgoing webhook {endpoint.url}", staff_id)
    return endpoint, secret


def delete_endpoint(session: Session, mode: Mode, endpoint_id: int, *, staff_id: int) -> None:
    """Delete an endpoint with its secrets; messages that still wait are dropped by the worker. Raises Refusal."""
    endpoint = lock_endpoint(session, mode, endpoint_id)
    endpoint.deleted_at, endpoint.secret_sealed, endpoint.old_secret_sealed = now(), None, None
    record(session, endpoint, "deleted", f"Deleted the outgoing webhook {endpoint.url}", staff_id)


def record(session: Session, endpoint: OutgoingEndpoint, verb: str, words: str, staff_id: int | None) -> None:
    subject = ("outgoing_endpoint", endpoint.id)
    audit.record_act(session, audit.Act(f"outgoing_endpoint.{verb}", words, staff_id=staff_id, subject=subject))
