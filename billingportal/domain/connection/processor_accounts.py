"""Finds processor accounts and creates the rows that belong to them."""

import secrets
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.models import CatchUp, EventDestination, ProcessorAccount, StripeEvent, WebhookEndpoint
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen, Vault


def connected(session: Session, mode: Mode) -> ProcessorAccount | None:
    """The account that is connected in a mode."""
    return session.scalar(
        select(ProcessorAccount).where(ProcessorAccount.mode == mode, ProcessorAccount.state == "connected")
    )


def working_accounts(session: Session, mode: Mode | None = None) -> list[int]:
    """The ids of the connected accounts whose key works, in one mode or in both."""
    found = select(ProcessorAccount.id).where(
        ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working"
    )
    return list(session.scalars(found if mode is None else found.where(ProcessorAccount.mode == mode)))


def offered(session: Session, mode: Mode) -> ProcessorAccount | None:
    """The account whose key was pasted while another is connected, waiting for confirmation."""
    return session.scalar(
        select(ProcessorAccount)
        .where(ProcessorAccount.mode == mode, ProcessorAccount.state == "offered")
        .order_by(ProcessorAccount.id.desc())
        .limit(1)
    )


def shown(session: Session, mode: Mode) -> ProcessorAccount | None:
    """The account whose history the pages of a mode show: the connected one, else the last connected one."""
    return connected(session, mode) or session.scalar(
        select(ProcessorAccount)
        .where(ProcessorAccount.mode == mode, ProcessorAccount.state == "disconnected")
        .order_by(ProcessorAccount.disconnected_at.desc())
        .limit(1)
    )


def gateway_of(account: ProcessorAccount, vault: Vault, open_gateway: OpenGateway) -> StripeGateway:
    """A gateway with the account's stored key. Raises CannotOpen when there is none or no key fits."""
    if account.key_sealed is None:
        raise CannotOpen("No secret key is stored for this account.")
    return open_gateway(vault.open_(account.key_sealed))


def endpoint_of(session: Session, account: ProcessorAccount) -> WebhookEndpoint:
    """The account's endpoint row, made with a token of its own when there is none."""
    if account.endpoint is None:
        account.endpoint = WebhookEndpoint(token=secrets.token_urlsafe(24), registrations=0, state="waiting")
        session.flush()
    return account.endpoint


def destination_of(session: Session, account: ProcessorAccount) -> EventDestination:
    """The account's event destination row, made with a token of its own when there is none."""
    if account.destination is None:
        account.destination = EventDestination(token=secrets.token_urlsafe(24), registrations=0, state="waiting")
        session.flush()
    return account.destination


def catch_up_of(session: Session, account: ProcessorAccount) -> CatchUp:
    """The account's catch-up row, made when there is none."""
    if account.catch_up is None:
        account.catch_up = CatchUp(objects_read=0, attempts=0)
        session.flush()
    return account.catch_up


def request_check(account: ProcessorAccount, moment: datetime) -> None:
    """Have the worker check the account at once."""
    account.check_requested_at = moment
    account.next_check_at = moment


def needs_attention(account: ProcessorAccount) -> bool:
    """Whether staff must correct the key, one of its rights, or the webhook."""
    endpoint = account.endpoint
    if account.key_state != "working" or (endpoint is not None and endpoint.state in ("refused", "full")):
        return True
    return any(isinstance(line, dict) and line["kind"] == "bad" for line in account.preflight)


def last_event_at(session: Session, account: ProcessorAccount) -> datetime | None:
    """When Stripe last delivered an event of this account to us."""
    newest = (
        select(StripeEvent.received_at, StripeEvent.source)
        .where(StripeEvent.processor_account_id == account.id)
        .order_by(StripeEvent.id.desc())
        .limit(500)
        .subquery()
    )
    found: datetime | None = session.scalar(select(func.max(newest.c.received_at)).where(newest.c.source == "webhook"))
    return found
