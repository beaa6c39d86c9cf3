"""Groups the lines of an invoice: Stripe sends one line for each tier of a price and for each tier's fee. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from billingportal.domain.prices.pricing import Terms, amount
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import InvoiceLine, Price
from billingportal.money import Money

# `other`: an amount that no stored price explains. `proration`: for a part of a period, by the second.
BlockKind = Literal["usage", "licensed", "trial", "proration", "other"]


@dataclass(frozen=True)
class Block:
    """Lines of the same item, price and period. `terms` None: the price is not stored, or not in this currency."""

    kind: BlockKind
    name: str
    lines: tuple[InvoiceLine, ...]
    currency: str
    price: Price | None = None
    terms: Terms | None = None

    @property
    def amount(self) -> Money:
        """What Stripe charges, before discounts and added tax."""
        return Money(sum(line.amount_minor for line in self.lines), self.currency)

    @property
    def starts_at(self) -> datetime:
        return self.lines[0].starts_at

    @property
    def ends_at(self) -> datetime:
        return self.lines[0].ends_at

    @property
    def description(self) -> str:
        return self.lines[0].description or ""


def blocks(
    lines: Iterable[InvoiceLine], currency: str, prices: Mapping[str, Price], products: Mapping[str, str]
) -> list[Block]:
    """The blocks in the order of their first lines. `products`: names by Stripe's id."""
    grouped: dict[object, list[InvoiceLine]] = {}
    for line in lines:
        grouped.setdefault(key_of(line), []).append(line)
    return [block_of(tuple(found), currency, prices, products) for found in grouped.values()]


def key_of(line: InvoiceLine) -> object:
    """What the lines of one block share. A credit stays apart from the charge for the same time."""
    if line.stripe_price_id is None or line.stripe_subscription_item_id is None:
        return line.stripe_line_id
    is_credit = line.is_proration and line.amount_minor < 0
    return (
        line.stripe_subscription_item_id,
        line.stripe_price_id,
        line.starts_at,
        line.ends_at,
        line.is_proration,
        is_credit,
    )


def block_of(
    lines: tuple[InvoiceLine, ...], currency: str, prices: Mapping[str, Price], products: Mapping[str, str]
) -> Block:
    first = lines[0]
    price = prices.get(first.stripe_price_id or "")
    terms = as_charged(usable_terms(price, currency), price, lines) if price else None
    product_id = price.stripe_product_id if price else first.stripe_product_id
    name = products.get(product_id or "") or first.description or "An amount without a name"
    return Block(kind_of(lines, price, terms), name, lines, currency, price, terms)


def usable_terms(price: Price, currency: str) -> Terms | None:
    """The price's terms in the invoice's currency. Events of Stripe's name a price without its tiers."""
    try:
        terms = terms_of(price, currency)
    except LookupError:
        return None
    is_whole = bool(terms.tiers) and terms.tiers[-1].up_to is None if terms.tiers_mode is not None else True
    return terms if is_whole and not price.is_custom_amount else None


def as_charged(terms: Terms | None, price: Price, lines: tuple[InvoiceLine, ...]) -> Terms | None:
    """The terms of then: a price's amounts in its other currencies can be edited at Stripe, those in its own never."""
    charged = {line.unit_amount for line in lines if line.unit_amount}
    if terms is None or terms.currency == price.currency or terms.package or terms.tiers or len(charged) != 1:
        return terms
    return replace(terms, unit_amount=charged.pop())


def kind_of(lines: tuple[InvoiceLine, ...], price: Price | None, terms: Terms | None) -> BlockKind:
    if any(line.is_proration for line in lines):
        return "proration"
    if price is None or terms is None:
        return "other"
    if is_metered(price):
        return "usage"
    return "trial" if is_trial(lines, terms) else "licensed"


def is_trial(lines: tuple[InvoiceLine, ...], terms: Terms) -> bool:
    """A period that is free although its price is not: the line has the quantity, and a price of zero."""
    free = all(line.amount_minor == 0 and not line.unit_amount for line in lines)
    return free and bool(amount(terms, max(total_quantity(lines), Decimal(0))).minor)


def total_quantity(lines: Iterable[InvoiceLine]) -> Decimal:
    return sum((line.quantity or Decimal(0) for line in lines), Decimal(0))
