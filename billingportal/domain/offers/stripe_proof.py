"""Compares the portal's estimate with Stripe's invoice preview, made for a customer kept for that purpose.

The preview creates nothing. It is the first invoice, on which usage prices charge nothing yet: they are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.offers.calculator import Numbers, estimate, quantity_of
from billingportal.domain.offers.offers import OfferedPrice
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER
from billingportal.errors import Refusal
from billingportal.models import Customer, ProcessorAccount
from billingportal.money import Money
from billingportal.stripe_gateway.errors import NotThere, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.price_previews import PreviewItem

CUSTOMER_NAME = "Price check of the billing portal"


@dataclass(frozen=True)
class StripeQuote:
    """The portal's total and the total that Stripe would invoice. `has_usage`: there are usage prices as well."""

    ours: Money
    stripes: Money
    has_usage: bool

    @property
    def is_equal(self) -> bool:
        return self.ours == self.stripes

    @property
    def difference(self) -> Money:
        """Stripe's total minus the portal's; negative when Stripe would invoice less."""
        return Money(self.stripes.minor - self.ours.minor, self.ours.currency)


def prove(
    transaction: Transaction,
    gateway: StripeGateway,
    account: ProcessorAccount,
    prices: Sequence[OfferedPrice],
    numbers: Numbers,
    currency: str,
) -> StripeQuote:
    """Compare with Stripe's preview. Raises Refusal in live mode, without prices, or when Stripe gives no preview."""
    if account.mode != "test":
        raise Refusal("", "Prices are proved in test mode only: live mode has real customers.")
    if not prices:
        raise Refusal("", "Link a price first.")
    items = [
        PreviewItem(one.price.stripe_price_id, None if one.role == "usage" else quantity_of(one, numbers))
        for one in prices
    ]
    try:
        stripes = preview_total(transaction, gateway, account.id, currency, items)
    except StripeProblem as problem:
        raise Refusal("", f"Stripe gave no preview: {problem.message}") from None
    ahead = [one for one in prices if one.role != "usage"]
    parts = estimate(ahead, numbers, currency).parts
    ours = sum((part.amount for part in parts), Money(0, currency))
    return StripeQuote(ours, Money(stripes, currency), has_usage=len(ahead) < len(prices))


def preview_total(
    transaction: Transaction, gateway: StripeGateway, account_id: int, currency: str, items: Sequence[PreviewItem]
) -> int:
    """Stripe's total in minor units. Creates a new customer when the stored one was deleted at Stripe.

    Raises a StripeProblem.
    """
    customer_id = customer_for_checks(transaction, gateway, account_id)
    try:
        return gateway.preview_total(customer_id, currency, items)
    except NotThere:
        reconciliation.refresh(transaction, gateway, account_id, CUSTOMER, customer_id)
        return gateway.preview_total(customer_for_checks(transaction, gateway, account_id), currency, items)


def customer_for_checks(transaction: Transaction, gateway: StripeGateway, account_id: int) -> str:
    """The id of the customer kept for price checks, created where there is none. Raises a StripeProblem."""
    with transaction() as session:
        there, made_before = held(session, account_id)
    if there is not None:
        return there
    made = gateway.create_customer(CUSTOMER_NAME, f"price-check-{account_id}-{made_before}")
    reconciliation.refresh(transaction, gateway, account_id, CUSTOMER, made)
    return made


def held(session: Session, account_id: int) -> tuple[str | None, int]:
    """The id of the present customer for price checks, if any, and the number ever created."""
    ours = (Customer.processor_account_id == account_id, Customer.name == CUSTOMER_NAME)
    present = select(Customer.stripe_customer_id).where(*ours, Customer.deleted_at.is_(None)).limit(1)
    count = session.scalar(select(func.count(Customer.id)).where(*ours)) or 0
    return session.scalar(present), count
