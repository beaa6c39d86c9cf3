"""Disconnects an account, for good or to connect another one whose key was pasted."""

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.connection.credentials import forget_offers, start_account
from billingportal.domain.connection.event_destination import DESTINATION
from billingportal.domain.connection.processor_accounts import connected, gateway_of, offered
from billingportal.domain.connection.registration import Kind
from billingportal.domain.connection.webhook_registration import WEBHOOK
from billingportal.errors import Conflict
from billingportal.models import ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen, Vault


def decline(transaction: Transaction, mode: Mode) -> None:
    """Forget the key that was pasted for another account."""
    with transaction() as session:
        forget_offers(session, mode)


def switch(
    transaction: Transaction, open_gateway: OpenGateway, vault: Vault, mode: Mode, *, staff_id: int | None
) -> None:
    """Connect the offered account instead of the connected one. Raises Conflict when there is no offer any more."""
    with transaction() as session:
        if offered(session, mode) is None:
            raise Conflict("The other account's key is no longer here. Paste it again.")
    disconnect(transaction, open_gateway, vault, mode, staff_id=staff_id)
    with transaction() as session:
        row = offered(session, mode)
        if row is None or connected(session, mode) is not None:
            raise Conflict("Somebody else changed the connection meanwhile. Look at it again.")
        start_account(session, row, staff_id)


def disconnect(
    transaction: Transaction, open_gateway: OpenGateway, vault: Vault, mode: Mode, *, staff_id: int | None
) -> None:
    """Remove our addresses at Stripe as far as the key still allows, and forget the key. The history stays."""
    with transaction() as session:
        row = connected(session, mode)
        if row is None:
            return
        account_id = row.id
        before = registered_ids(row)
        try:
            gateway = gateway_of(row, vault, open_gateway)
        except CannotOpen:
            gateway = None
    not_removed = remove(gateway, before)
    with transaction() as session:
        row = session.get_one(ProcessorAccount, account_id, with_for_update=True)
        if row.state != "connected":
            return
        newer = registered_ids(row)
        let_go(row)
        nouns = " and ".join(kind.noun for kind in not_removed)
        left = f"; Stripe did not let us remove our {nouns} there" if nouns else ""
        audit.record_act(
            session,
            audit.Act(
                "processor_account.disconnected",
                f"Disconnected {row.display_name} in {row.mode} mode{left}",
                staff_id=staff_id,
                subject=("processor_account", row.id),
                processor_account_id=row.id,
            ),
        )
    # The worker may have registered a new address while we removed the previous one.
    remove(gateway, [one for one in newer if one not in before])


def registered_ids(row: ProcessorAccount) -> list[tuple[Kind, str]]:
    """The addresses that are registered at Stripe, by kind and id."""
    rows = ((WEBHOOK, row.endpoint), (DESTINATION, row.destination))
    return [(kind, one.stripe_id) for kind, one in rows if one is not None and one.stripe_id is not None]


def remove(gateway: StripeGateway | None, addresses: list[tuple[Kind, str]]) -> list[Kind]:
    """Remove them at Stripe. Returns the kinds of those that stay there."""
    return [kind for kind, stripe_id in addresses if not is_removed(gateway, kind, stripe_id)]


def is_removed(gateway: StripeGateway | None, kind: Kind, stripe_id: str) -> bool:
    if gateway is None:
        return False
    try:
        kind.delete(gateway, stripe_id)
    except StripeProblem:
        return False
    return True


def let_go(row: ProcessorAccount) -> None:
    row.state = "disconnected"
    row.disconnected_at = now()
    row.check_requested_at = None
    row.next_check_at = None
    row.check_problem = None
    row.forget_key()
    for address in (row.endpoint, row.destination):
        if address is not None:
            address.forget_registration()
    if row.catch_up is not None:
        row.catch_up.next_run_at = None
