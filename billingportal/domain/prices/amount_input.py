"""Reads typed amounts and tiers, in the currency itself ("29.00"), into minor units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from billingportal.domain.common.form_errors import Reader
from billingportal.domain.prices.pricing import NOTHING, Tier
from billingportal.errors import Refusal
from billingportal.money import THREE_DECIMAL, WHOLE_ONLY, to_minor

# As at Stripe: a unit amount has at most 12 decimals of a minor unit.
MOST_DECIMALS = 12
LARGEST_MINOR = 999_999_999_999
LARGEST_UP_TO = 10**12
ENDLESS = ("", "∞", "inf")


@dataclass(frozen=True)
class TypedTier:
    """One row of the table. An empty `up_to` is without end."""

    up_to: str = ""
    unit_amount: str = ""
    flat_amount: str = ""


def whole(field: str, text: str, words: str) -> int:
    """A whole number of at least one; thousands may be set apart. Raises Refusal with the words."""
    digits = re.sub(r"(?<=\d)[ ,\u00a0](?=\d{3}(\D|$))", "", text.strip())
    if not re.fullmatch(r"[0-9]{1,13}", digits) or not 1 <= int(digits) <= LARGEST_UP_TO:
        raise Refusal(field, words)
    return int(digits)


def unit_amount(field: str, text: str, currency: str) -> Decimal:
    """The price of one unit, in minor units and fractions of them. Raises Refusal."""
    minor = minor_of(field, text, currency)
    if -int(minor.normalize().as_tuple().exponent) > MOST_DECIMALS:
        raise Refusal(field, f"Stripe keeps {MOST_DECIMALS} decimals of the smallest coin. Use fewer.")
    return minor


def flat_amount(field: str, text: str, currency: str) -> Decimal:
    """An amount in minor units, charged as it is, so in coins that exist. Raises Refusal."""
    minor = minor_of(field, text, currency)
    if minor != minor.to_integral_value():
        raise Refusal(field, f"A flat fee in {currency.upper()} cannot have that many decimals.")
    if currency in THREE_DECIMAL and minor % 10:
        raise Refusal(field, f"Stripe charges {currency.upper()} in steps of 0.010. The last decimal must be 0.")
    if currency in WHOLE_ONLY and minor % 100:
        raise Refusal(field, f"Stripe charges whole {currency.upper()} only.")
    return minor


def minor_of(field: str, text: str, currency: str) -> Decimal:
    typed = text.strip()
    if not typed:
        raise Refusal(field, "Type an amount, for example 29.00.")
    if "," in typed:
        raise Refusal(field, "Use a point before the decimals and nothing between thousands, for example 1290.50.")
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{0,20})?|\.[0-9]{1,20}", typed):
        raise Refusal(field, "Type the amount in digits only, for example 29.00.")
    minor = to_minor(Decimal(typed), currency)
    if minor > LARGEST_MINOR:
        raise Refusal(field, "This is more than Stripe takes for one amount.")
    return minor


def tiers(rows: Sequence[TypedTier], currency: str) -> tuple[Tier, ...]:
    """The table as tiers. Raises Refusal for an empty one, else FormErrors at `tiers-<row>-<field>`."""
    if not rows:
        raise Refusal("tiers", "Add at least one tier.")
    reader = Reader()
    ends: list[int] = []
    found: list[Tier] = []
    for place, row in enumerate(rows):
        name, is_last = f"tiers-{place}", place == len(rows) - 1
        end = reader.take(partial(end_of, f"{name}-up_to", row.up_to, max(ends, default=0), is_last=is_last))
        amounts = reader.take(partial(amounts_of, name, row, currency))
        ends += [end] if end is not None else []
        if amounts is not None:
            found.append(Tier(end, *amounts))
    reader.finish()
    return tuple(found)


def end_of(field: str, typed: str, below: int, *, is_last: bool) -> int | None:
    """Where a tier ends; None for the last one. Raises Refusal."""
    if is_last:
        if typed.strip().lower() not in ENDLESS:
            raise Refusal(field, "Leave the end of the last tier empty: it goes on without end.")
        return None
    end = whole(field, typed, "Type where this tier ends, for example 1000.")
    if end <= below:
        raise Refusal(field, f"Each tier ends higher than the one before, so after {below:,}.")
    return end


def amounts_of(name: str, row: TypedTier, currency: str) -> tuple[Decimal, Decimal]:
    """A tier's unit amount and flat amount, in minor units. Raises Refusal or FormErrors."""
    unit, flat = row.unit_amount.strip(), row.flat_amount.strip()
    if not unit and not flat:
        raise Refusal(f"{name}-unit_amount", "Type a price for each, a flat fee, or both. 0 is included for free.")
    reader = Reader()
    each = reader.take(lambda: unit_amount(f"{name}-unit_amount", unit, currency)) if unit else NOTHING
    once = reader.take(lambda: flat_amount(f"{name}-flat_amount", flat, currency)) if flat else NOTHING
    reader.finish()
    return each or NOTHING, once or NOTHING
