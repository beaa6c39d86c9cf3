"""Access to the Stripe account connected in a mode, and the messages when there is none."""

from dataclasses import dataclass

from flask import g

from billingportal.db import db
from billingportal.domain.connection import processor_accounts
from billingportal.errors import Refusal
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen

NO_ANSWER = "Stripe does not answer right now. Nothing was changed. Try again in a moment."
# Clients can't connect Stripe or paste a key, so their message says what it means for them.
CLOSED_TO_CLIENTS = "Payments are not available right now. Nothing was changed. Please contact us."
KEY_UNREADABLE = "The stored secret key cannot be opened. Paste it again at Payment Processor."


@dataclass(frozen=True)
class StripeAccess:
    """A connected account, and a gateway that uses its key."""

    account: ProcessorAccount
    account_id: int
    gateway: StripeGateway


def stripe_for(mode: Mode, *, field: str = "", for_client: bool = False) -> StripeAccess:
    """The account connected in a mode. No transaction is open afterwards, since Stripe may be slow.

    Within one request an account has one gateway, so that all its calls share one time limit.

    Raises Refusal about `field` where no account is connected or its key cannot be opened.
    """
    account = processor_accounts.connected(db.session(), mode)
    if account is None:
        not_connected = f"No Stripe account is connected in {mode} mode. Connect one at Payment Processor."
        raise Refusal(field, CLOSED_TO_CLIENTS if for_client else not_connected)
    return stripe_of(account, field=field, for_client=for_client)


def stripe_of(account: ProcessorAccount, *, field: str = "", for_client: bool = False) -> StripeAccess:
    """Access to this account, connected or not. Raises Refusal about `field` where its key cannot be opened."""
    try:
        gateway = gateway_of_request(account)
    except CannotOpen:
        raise Refusal(field, CLOSED_TO_CLIENTS if for_client else KEY_UNREADABLE) from None
    access = StripeAccess(account, account.id, gateway)
    db.session().rollback()
    return access


def gateway_of_request(account: ProcessorAccount) -> StripeGateway:
    """The gateway that this request opened with the account's key, or a new one. Raises CannotOpen."""
    opened: dict[tuple[int, str | None], StripeGateway] = g.setdefault("stripe_gateways", {})
    key = (account.id, account.key_sealed)
    if key not in opened:
        portal = current_portal()
        opened[key] = processor_accounts.gateway_of(account, portal.vault, portal.open_gateway)
    return opened[key]


def stripe_if_any(mode: Mode) -> StripeAccess | None:
    """Access to the account connected in a mode, or None when there is none or its key cannot be opened."""
    try:
        return stripe_for(mode)
    except Refusal:
        return None


def refusal_text(problem: StripeProblem) -> str:
    """Stripe's reason if it refused the request, else that Stripe does not answer."""
    if isinstance(problem, (RequestRefused, RightMissing, NotThere)):
        return f"Stripe refused this: {problem.message}"
    return NO_ANSWER
