"""Email addresses that may not buy as a new client: those of clients, and of customers who pay at Stripe already."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import Transaction
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.subscriptions.unlinked_customers import pays_without_client
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER, SUBSCRIPTION
from billingportal.errors import Refusal
from billingportal.models import AdoptionRequest, Client, ClientCustomer
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.gateway import StripeGateway


class PaysAtStripe(Refusal):
    """A customer at Stripe with the client's address has a subscription, and no client has that customer."""

    def __init__(self) -> None:
        super().__init__(
            "",
            "You already have a subscription that isn’t connected to this account yet. We have been told and will "
            "connect it. Nothing was ordered.",
        )


def known_client(session: Session, mode: Mode, canonical_email: str, replaceable: Sequence[Client]) -> Client | None:
    """A client with the address that is more than an abandoned sign-up."""
    same = select(Client).where(
        Client.mode == mode, Client.canonical_email == canonical_email, Client.archived_at.is_(None)
    )
    others = same.where(Client.id.not_in([one.id for one in replaceable])).order_by(Client.id).limit(1)
    return session.scalar(others)


def read_customers(transaction: Transaction, gateway: StripeGateway, account_id: int, typed: str) -> None:
    """Store Stripe's customers with this address that pay and that no client has: a webhook may be late.

    Call it with no transaction open. Raises a StripeProblem.
    """
    for customer in (one for email in spellings(typed) for one in gateway.subscribers(email)):
        running = [one for one, status in customer.subscriptions if status in LIVE_STATUSES]
        with transaction() as session:
            is_needed = bool(running) and not has_client(session, account_id, customer.stripe_customer_id)
        if is_needed:
            objects = [(CUSTOMER, customer.stripe_customer_id), *((SUBSCRIPTION, one) for one in running)]
            reconciliation.refresh_all(transaction, gateway, account_id, *objects)


def spellings(typed: str) -> Sequence[str]:
    """The spellings to ask Stripe for. Its filter is case-sensitive, so others are found in our copy only.

    Source: "A case-sensitive filter", parameters of the list of customers in Stripe's SDK.
    """
    return tuple(dict.fromkeys((typed.strip(), typed.strip().lower(), canonical_address(typed))))


def has_client(session: Session, account_id: int, customer_id: str) -> bool:
    link = select(ClientCustomer.id).where(
        ClientCustomer.processor_account_id == account_id, ClientCustomer.stripe_customer_id == customer_id
    )
    return session.scalar(link) is not None


def pays_at_stripe(session: Session, account_id: int | None, canonical_email: str) -> bool:
    return account_id is not None and pays_without_client(session, account_id, canonical_email)


def request_adoption(session: Session, account_id: int, canonical_email: str, name: str) -> None:
    """Show staff that the person behind an unlinked customer wants an account. Call it under the lock CLIENTS."""
    row = session.scalar(
        select(AdoptionRequest).where(
            AdoptionRequest.processor_account_id == account_id, AdoptionRequest.canonical_email == canonical_email
        )
    )
    if row is None:
        row = AdoptionRequest(processor_account_id=account_id, canonical_email=canonical_email)
        session.add(row)
    row.name, row.requested_at = " ".join(name.split()), clock.now()
