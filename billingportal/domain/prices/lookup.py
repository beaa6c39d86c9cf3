"""Finds the price for a typed reference, stored or at Stripe."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.prices import references as price_references
from billingportal.domain.prices.eligibility import refuse_unsellable, trouble
from billingportal.domain.prices.references import FIELD, Reference
from billingportal.domain.prices.stored_prices import held_by_id, meter_of, product_of
from billingportal.domain.prices.unknown_prices import unknown_price
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER, PRICE, PRODUCT, ObjectType
from billingportal.errors import Refusal
from billingportal.models import Price, ProcessorAccount
from billingportal.stripe_gateway.errors import NotThere, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway


@dataclass(frozen=True)
class Asking:
    """Access to Stripe for objects that the portal has not stored yet."""

    transaction: Transaction
    gateway: StripeGateway
    account_id: int

    def bring(self, kind: ObjectType, object_id: str) -> None:
        """Bring the row of one object up to Stripe's present state. Raises Refusal when Stripe cannot be asked."""
        try:
            reconciliation.refresh(self.transaction, self.gateway, self.account_id, kind, object_id)
        except NotThere:
            return
        except StripeProblem as problem:
            raise cannot_ask(problem) from None


def resolve_price(
    session: Session,
    transaction: Transaction,
    gateway: StripeGateway,
    account: ProcessorAccount,
    text: str,
    *,
    plan_currencies: Collection[str] = (),
) -> Price:
    """The sellable price for a Price ID, a lookup key or a dashboard address.

    Objects that are not stored yet are fetched from Stripe, so call it with no transaction open.
    `plan_currencies` are the currencies of the plan's other prices. Raises Refusal at the field `price`.
    """
    reference = price_references.read_reference(text)
    asking = Asking(transaction, gateway, account.id)
    price = stored_price(session, account.id, reference)
    if price is not None and trouble(session, price) is not None:
        renew(session, asking, price)
    price = price or price_at_stripe(session, asking, reference)
    if price is None:
        raise unknown_price(session, gateway, account, reference)
    complete(session, asking, price)
    refuse_unsellable(session, price, plan_currencies)
    return price


def stored_price(session: Session, account_id: int, reference: Reference) -> Price | None:
    """The stored price, or None. A lookup key means the price that has it now; some keys look like an ID."""
    if reference.stripe_price_id is not None:
        by_id = held_by_id(session, account_id, reference.stripe_price_id)
        return by_id or stored_price(session, account_id, Reference(lookup_key=reference.stripe_price_id))
    prices = select(Price).where(Price.processor_account_id == account_id)
    with_key = prices.where(Price.lookup_key == reference.lookup_key, Price.deleted_at.is_(None))
    return session.scalar(with_key.order_by(Price.active.desc(), Price.id.desc()).limit(1))


def price_at_stripe(session: Session, asking: Asking, reference: Reference) -> Price | None:
    """Fetch the price from Stripe and store it; None if there is none. Raises Refusal when Stripe does not answer."""
    price_id = reference.stripe_price_id or id_of_lookup_key(asking.gateway, reference.lookup_key or "")
    if price_id is None:
        return None
    asking.bring(PRICE, price_id)
    session.rollback()
    return held_by_id(session, asking.account_id, price_id)


def id_of_lookup_key(gateway: StripeGateway, lookup_key: str) -> str | None:
    try:
        return gateway.price_id_of_lookup_key(lookup_key)
    except StripeProblem as problem:
        raise cannot_ask(problem) from None


def complete(session: Session, asking: Asking, price: Price) -> None:
    """Fetch the price's tiers, product and meter where they are not stored yet."""
    if price.billing_scheme == "tiered" and price.tiers is None:
        asking.bring(PRICE, price.stripe_price_id)
    if product_of(session, price) is None:
        asking.bring(PRODUCT, price.stripe_product_id)
    if price.stripe_meter_id is not None and meter_of(session, price) is None:
        asking.bring(METER, price.stripe_meter_id)


def renew(session: Session, asking: Asking, price: Price) -> None:
    """Fetch the price, its product and its meter again, so that a recent correction at Stripe counts.

    Where Stripe does not answer, the stored state decides.
    """
    parts = ((PRICE, price.stripe_price_id), (PRODUCT, price.stripe_product_id), (METER, price.stripe_meter_id))
    try:
        for kind, object_id in parts:
            if object_id is not None:
                asking.bring(kind, object_id)
    except Refusal:
        session.rollback()


def cannot_ask(problem: StripeProblem) -> Refusal:
    return Refusal(FIELD, f"Stripe could not be asked about this price: {problem.message} Try again in a minute.")
