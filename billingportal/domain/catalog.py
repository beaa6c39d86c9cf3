"""The account's prices: finds the one that somebody means, and says why it cannot be sold."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain import price_references, settling
from billingportal.domain.foreign_prices import unknown_price
from billingportal.domain.kinds import METER, PRICE, PRODUCT, Kind
from billingportal.domain.price_references import FIELD, Reference
from billingportal.errors import Refusal
from billingportal.models import Meter, Price, ProcessorAccount, Product
from billingportal.stripe_gateway.errors import NotThere, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway

MOST_FOUND = 50


@dataclass(frozen=True)
class PriceSummary:
    """A price that could be linked, with what it is of."""

    price: Price
    product: Product


@dataclass(frozen=True)
class Asking:
    """How Stripe is asked about what the portal has not heard of yet."""

    transaction: Transaction
    gateway: StripeGateway
    account_id: int

    def bring(self, kind: Kind, object_id: str) -> None:
        """Bring the row of one object up to Stripe's present state. Raises Refusal when Stripe cannot be asked."""
        try:
            settling.refresh(self.transaction, self.gateway, self.account_id, kind, object_id)
        except NotThere:
            return
        except StripeProblem as problem:
            raise cannot_ask(problem) from None


def resolve(
    session: Session,
    transaction: Transaction,
    gateway: StripeGateway,
    account: ProcessorAccount,
    text: str,
    *,
    plan_currencies: Collection[str] = (),
) -> Price:
    """The price that a Price ID, a lookup key or a dashboard address means, fit to be sold.

    What the portal does not hold yet is asked for at Stripe, so call it with no transaction open.
    `plan_currencies` are the currencies of the plan's other prices. Raises Refusal at the field `price`.
    """
    reference = price_references.read(text)
    asking = Asking(transaction, gateway, account.id)
    price = held(session, account.id, reference) or asked(session, asking, reference)
    if price is None:
        raise unknown_price(session, gateway, account, reference)
    complete(session, asking, price)
    refuse_unsellable(session, price, plan_currencies)
    return price


def held(session: Session, account_id: int, reference: Reference) -> Price | None:
    """The price as the portal knows it. A lookup key means the price that has it now."""
    if reference.stripe_price_id is not None:
        return held_by_id(session, account_id, reference.stripe_price_id)
    prices = select(Price).where(Price.processor_account_id == account_id)
    with_key = prices.where(Price.lookup_key == reference.lookup_key, Price.deleted_at.is_(None))
    return session.scalar(with_key.order_by(Price.active.desc(), Price.id.desc()).limit(1))


def held_by_id(session: Session, account_id: int, stripe_price_id: str) -> Price | None:
    return session.scalar(
        select(Price).where(Price.processor_account_id == account_id, Price.stripe_price_id == stripe_price_id)
    )


def asked(session: Session, asking: Asking, reference: Reference) -> Price | None:
    """The price as Stripe knows it, which the portal then holds too. Raises Refusal when Stripe does not answer."""
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
    """See that the portal holds what the price needs: its tiers, its product and its meter."""
    if price.billing_scheme == "tiered" and price.tiers is None:
        asking.bring(PRICE, price.stripe_price_id)
    if product_of(session, price) is None:
        asking.bring(PRODUCT, price.stripe_product_id)
    if price.stripe_meter_id is not None and meter_of(session, price) is None:
        asking.bring(METER, price.stripe_meter_id)


def product_of(session: Session, price: Price) -> Product | None:
    return session.scalar(
        select(Product).where(
            Product.processor_account_id == price.processor_account_id,
            Product.stripe_product_id == price.stripe_product_id,
        )
    )


def meter_of(session: Session, price: Price) -> Meter | None:
    if price.stripe_meter_id is None:
        return None
    return session.scalar(
        select(Meter).where(
            Meter.processor_account_id == price.processor_account_id, Meter.stripe_meter_id == price.stripe_meter_id
        )
    )


def cannot_ask(problem: StripeProblem) -> Refusal:
    return Refusal(FIELD, f"Stripe could not be asked about this price: {problem.message} Try again in a minute.")


def refuse_unsellable(session: Session, price: Price, plan_currencies: Collection[str] = ()) -> None:
    """Raises Refusal when the price cannot be sold, or not together with the plan's other prices."""
    for words in (own_trouble(price), product_trouble(session, price), meter_trouble(session, price)):
        if words is not None:
            raise Refusal(FIELD, words)
    if plan_currencies and price.currency not in plan_currencies:
        others = " and ".join(sorted(name.upper() for name in plan_currencies))
        own = price.currency.upper()
        raise Refusal(
            FIELD,
            f"This price is in {own}, the plan's other prices are in {others}. One subscription has one currency: "
            f"paste a price in {others}. It can offer {own} too, as another currency of the same price.",
        )


def own_trouble(price: Price) -> str | None:
    """Why the price itself cannot be sold by a plan, in words."""
    if price.deleted_at is not None:
        return "This price was deleted in Stripe. Create a new one and paste its ID."
    if not price.active:
        return "This price is archived. Unarchive it in Stripe, or paste an active one."
    if price.type != "recurring":
        return "This is a one-time price. A plan needs one that recurs, every month for example."
    if price.is_custom_amount:
        return "Customers choose the amount of this price themselves. A plan needs a price with an amount of its own."
    if price.usage_type == "metered" and price.stripe_meter_id is None:
        return "This price bills usage without a meter, which Stripe gave up. Create one that uses a meter."
    return None


def product_trouble(session: Session, price: Price) -> str | None:
    product = product_of(session, price)
    if product is None:
        return None
    if product.deleted_at is not None:
        return "The product of this price was deleted in Stripe."
    if not product.active:
        return f"The product of this price, {product.name}, is archived. Unarchive it in Stripe first."
    return None


def meter_trouble(session: Session, price: Price) -> str | None:
    meter = meter_of(session, price)
    if meter is None or meter.status == "active":
        return None
    return f"The meter of this price, {meter.display_name}, is inactive: usage would not be counted. Reactivate it."


def search(session: Session, account_id: int, words: str) -> list[PriceSummary]:
    """The sellable prices that have all the words in their product, nickname, lookup key or id; newest first."""
    inactive_meters = select(Meter.stripe_meter_id).where(
        Meter.processor_account_id == account_id, Meter.status != "active"
    )
    statement = (
        select(Price, Product)
        .join(
            Product,
            (Product.processor_account_id == Price.processor_account_id)
            & (Product.stripe_product_id == Price.stripe_product_id),
        )
        .where(Price.processor_account_id == account_id, Price.type == "recurring", ~Price.is_custom_amount)
        .where(Price.active, Price.deleted_at.is_(None), Product.active, Product.deleted_at.is_(None))
        .where(or_(Price.stripe_meter_id.is_(None), Price.stripe_meter_id.not_in(inactive_meters)))
        .where(or_(Price.usage_type != "metered", Price.stripe_meter_id.is_not(None)))
    )
    searched = (Product.name, Price.nickname, Price.lookup_key, Price.stripe_price_id)
    for word in words.lower().split():
        statement = statement.where(or_(*(func.lower(column).contains(word, autoescape=True) for column in searched)))
    newest_first = statement.order_by(Price.created_at.desc(), Price.id.desc()).limit(MOST_FOUND)
    return [PriceSummary(price, product) for price, product in session.execute(newest_first)]


@dataclass(frozen=True)
class Choices:
    """The account's active products and meters, each as id and name."""

    products: list[tuple[str, str]]
    meters: list[tuple[str, str]]


def choices(session: Session, account_id: int) -> Choices:
    """What a new price can be of, and by what it can be measured; by name."""
    products = session.execute(
        select(Product.stripe_product_id, Product.name)
        .where(Product.processor_account_id == account_id, Product.active, Product.deleted_at.is_(None))
        .order_by(func.lower(Product.name), Product.id)
    )
    meters = session.execute(
        select(Meter.stripe_meter_id, Meter.display_name)
        .where(Meter.processor_account_id == account_id, Meter.status == "active", Meter.deleted_at.is_(None))
        .order_by(func.lower(Meter.display_name), Meter.id)
    )
    return Choices([(row[0], row[1]) for row in products], [(row[0], row[1]) for row in meters])
