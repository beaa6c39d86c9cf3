"""Suspends, reactivates, archives and restores clients. Nothing that a client owns is deleted."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.clients.clients import lock_client, record_client
from billingportal.domain.clients.manual_grants import checked_reason
from billingportal.domain.common.audit import Author, by_staff
from billingportal.domain.entitlements import evaluation
from billingportal.domain.outgoing_webhooks.client_events import record_client_event
from billingportal.domain.subscriptions.departures import going_on
from billingportal.errors import Refusal
from billingportal.models import Client


def suspend_client(session: Session, client_id: int, reason: str, *, author: Author) -> Client:
    """Block a client until it is reactivated; its subscription and payments go on. Raises Refusal."""
    client = lock_client(session, client_id)
    clean = checked_reason(reason)
    if client.archived_at is not None:
        raise Refusal("", f"{client.name} is archived, so nothing works already.")
    if client.suspended_at is None:
        client.suspended_at, client.suspension_reason = now(), clean
        client.withdraw_access()
        record_client(session, client, "client.suspended", f"Suspended: {clean}", author)
        record_client_event(session, client, "client.suspended")
        evaluation.evaluate(session, client.id)
    return client


def reactivate_client(session: Session, client_id: int, *, author: Author) -> Client:
    """End the client's suspension, if there is one. Raises Refusal."""
    client = lock_client(session, client_id)
    if client.suspended_at is not None:
        client.suspended_at, client.suspension_reason = None, ""
        record_client(session, client, "client.reactivated", "Reactivated", author)
        record_client_event(session, client, "client.reactivated")
        evaluation.evaluate(session, client.id)
    return client


def archive_client(session: Session, client_id: int, *, staff_id: int) -> Client:
    """Archive a client. Raises Refusal while it has a live subscription, which has to be cancelled first."""
    client = lock_client(session, client_id)
    if client.archived_at is not None:
        return client
    if going_on(session, client):
        raise Refusal("", f"{client.name} has a subscription that goes on. Cancel it first.")
    client.archive(now())
    record_client(session, client, "client.archived", "Archived", by_staff(staff_id))
    record_client_event(session, client, "client.archived")
    evaluation.evaluate(session, client.id)
    return client


def archive_at_end(session: Session, client_id: int, *, staff_id: int) -> Client:
    """Schedule a client to be archived once its subscription, which is cancelled already, has ended."""
    client = lock_client(session, client_id)
    if client.archived_at is None and not client.is_leaving:
        client.is_leaving = True
        record_client(
            session, client, "client.leaving", "Will be archived when the subscription has ended", by_staff(staff_id)
        )
        evaluation.evaluate(session, client.id)
    return client


def restore_client(session: Session, client_id: int, *, staff_id: int) -> Client:
    """Restore an archived client."""
    client = lock_client(session, client_id)
    if client.archived_at is not None:
        client.archived_at = None
        record_client(session, client, "client.restored", "Restored", by_staff(staff_id))
        evaluation.evaluate(session, client.id)
    return client


def withdraw_access(session: Session, client_id: int, *, staff_id: int) -> Client:
    """Sign the client out everywhere and invalidate all its billing links."""
    client = lock_client(session, client_id)
    client.withdraw_access()
    words = "Withdrew access. Older billing links and sign-ins ended"
    record_client(session, client, "client.access_withdrawn", words, by_staff(staff_id))
    return client
