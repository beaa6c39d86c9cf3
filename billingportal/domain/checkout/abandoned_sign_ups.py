"""Finds and archives clients who signed up for a paid plan and never paid, which frees their email address."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, String, cast, exists, func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.common import audit
from billingportal.domain.entitlements import evaluation
from billingportal.domain.outgoing_webhooks.client_events import record_client_event
from billingportal.domain.subscriptions.checkout_state import OPEN_STATES
from billingportal.models import (
    AuditEntry,
    Checkout,
    Client,
    ClientCustomer,
    Comp,
    QuotaOverride,
    Subscription,
    Workspace,
    WorkspaceUsage,
)
from billingportal.models.connection.processor_account import Mode

# A client who comes back within this time finds the sign-up unchanged.
PATIENCE = timedelta(hours=1)
BATCH = 50


def never_paid() -> Select[Client]:
    """The clients who only ever started checkouts: no subscription, no grant, no usage, and no act of staff on
    them."""
    checkouts = select(Checkout.id).where(Checkout.client_id == Client.id)
    subscribed = (
        select(Subscription.id)
        .join(
            ClientCustomer,
            (ClientCustomer.processor_account_id == Subscription.processor_account_id)
            & (ClientCustomer.stripe_customer_id == Subscription.stripe_customer_id),
        )
        .where(ClientCustomer.client_id == Client.id)
    )
    used = (
        select(WorkspaceUsage.id)
        .join(Workspace, Workspace.id == WorkspaceUsage.workspace_id)
        .where(Workspace.client_id == Client.id, WorkspaceUsage.used > 0)
    )
    seen_by_staff = select(AuditEntry.id).where(
        AuditEntry.subject_type == "client",
        AuditEntry.subject_id == cast(Client.id, String),
        AuditEntry.actor == "staff",
    )
    return select(Client).where(
        Client.source == "sign_up",
        Client.archived_at.is_(None),
        Client.base_plan_id.is_(None),
        exists(checkouts),
        ~exists(checkouts.where(Checkout.state == "complete")),
        ~exists(subscribed),
        ~exists(used),
        ~exists(select(Comp.id).where(Comp.client_id == Client.id)),
        ~exists(select(QuotaOverride.id).where(QuotaOverride.client_id == Client.id)),
        ~exists(seen_by_staff),
    )


def with_email(session: Session, mode: Mode, canonical_email: str) -> Sequence[Client]:
    """The abandoned sign-ups with this email address, which may be used again."""
    return session.scalars(never_paid().where(Client.mode == mode, Client.canonical_email == canonical_email)).all()


def archive_sign_up(session: Session, client: Client) -> None:
    """Archive a client who never paid. The client must have no open checkout."""
    client.archive(clock.now())
    words = "Archived: signed up and never paid"
    audit.record_act(session, audit.Act("client.archived", words, actor="sync", subject=("client", client.id)))
    record_client_event(session, client, "client.archived")
    evaluation.evaluate(session, client.id)


def archive_due(session: Session) -> int:
    """Archive a batch of sign-ups whose last checkout ended an hour ago or earlier. Returns how many."""
    last = select(func.max(Checkout.ended_at)).where(Checkout.client_id == Client.id).scalar_subquery()
    open_one = exists(select(Checkout.id).where(Checkout.client_id == Client.id, Checkout.state.in_(OPEN_STATES)))
    due = never_paid().where(~open_one, last <= clock.now() - PATIENCE).limit(BATCH)
    found = session.scalars(due.with_for_update(of=Client, skip_locked=True, key_share=True)).all()
    for client in found:
        archive_sign_up(session, client)
    return len(found)
