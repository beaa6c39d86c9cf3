"""Coupon amounts, line by line. Pure arithmetic on stored coupons; never more than the line's amount."""

from dataclasses import dataclass
from decimal import Decimal

from billingportal.sandbox.amounts import rounded
from billingportal.sandbox.http.wire import Document

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Part:
    """An invoice line as the discounts need it; `amount` in minor units."""

    amount: int
    product: str
    discountable: bool = True
    item: str | None = None


@dataclass(frozen=True)
class Off:
    """A coupon, and the subscription item that it is for; None for all of the invoice."""

    coupon: Document
    item: str | None = None


def percent_of(coupon: Document) -> Decimal:
    """The percentage of a coupon."""
    return Decimal(coupon["_percent_off"] or 0)


def amount_of(coupon: Document, currency: str) -> int:
    """The minor units that a coupon takes off in a currency; 0 for a currency without an amount."""
    if coupon["amount_off"] is None:
        return 0
    if coupon["currency"] == currency:
        return int(coupon["amount_off"])
    return int(coupon["currency_options"].get(currency, {"amount_off": 0})["amount_off"])


def is_for(coupon: Document, product: str) -> bool:
    """Whether a coupon applies to a product."""
    products = coupon["applies_to"]["products"] if coupon["applies_to"] else []
    return not products or product in products


def fits(off: Off, part: Part) -> bool:
    """Whether a discount applies to a line."""
    return part.discountable and is_for(off.coupon, part.product) and off.item in (None, part.item)


def taken_off(parts: list[Part], offs: list[Off], currency: str) -> list[list[int]]:
    """The amount of each discount on each part; each applies to the rest that earlier ones leave."""
    left = [part.amount for part in parts]
    taken: list[list[int]] = []
    for off in offs:
        coupon = off.coupon
        bases = [max(amount, 0) if fits(off, part) else 0 for amount, part in zip(left, parts, strict=True)]
        if coupon["amount_off"] is None:
            amounts = [rounded(base * percent_of(coupon) / HUNDRED) for base in bases]
        else:
            amounts = spread(amount_of(coupon, currency), bases)
        left = [amount - less for amount, less in zip(left, amounts, strict=True)]
        taken.append(amounts)
    return taken


def spread(amount: int, bases: list[int]) -> list[int]:
    """Split an amount over bases in proportion, to the last minor unit; never more than their sum."""
    whole = sum(bases)
    amount = min(amount, whole)
    if amount == 0:
        return [0] * len(bases)
    shares = [amount * base // whole for base in bases]
    by_rest = sorted(range(len(bases)), key=lambda position: -(amount * bases[position] % whole))
    for position in by_rest[: amount - sum(shares)]:
        shares[position] += 1
    return shares


def net_factor(coupons: list[Document], product: str) -> Decimal:
    """The fraction of a product's price that remains after percentage coupons."""
    factor = Decimal(1)
    for coupon in coupons:
        if coupon["amount_off"] is None and is_for(coupon, product):
            factor *= 1 - percent_of(coupon) / HUNDRED
    return factor
