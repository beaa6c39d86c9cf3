"""How doors reach the Stripe account that is connected in a mode."""

from dataclasses import dataclass

from billingportal.db import db
from billingportal.domain.connection import processor_accounts
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway.gateway import StripeGateway


@dataclass(frozen=True)
class Connection:
    account_id: int
    gateway: StripeGateway


def connection(mode: Mode) -> Connection | None:
    """The way to the connected account; None where there is none. Raises CannotOpen for a key that no one can read."""
    account = processor_accounts.connected(db.session(), mode)
    if account is None:
        return None
    portal = current_portal()
    return Connection(account.id, processor_accounts.gateway_of(account, portal.vault, portal.open_gateway))
