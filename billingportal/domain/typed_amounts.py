"""Amounts and tiers as people type them, in the currency itself ("29.00"), into minor units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billingportal.domain.pricing import NOTHING, Tier
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
    """What one costs, in minor units and fractions of them. Raises Refusal."""
    minor = minor_of(field, text, currency)
    if -int(minor.normalize().as_tuple().exponent) > MOST_DECIMALS:
        raise Refusal(field, f"Stripe keeps {MOST_DECIMALS} decimals of the smallest coin. Use fewer.")
    return minor


def flat_amount(field: str, text: str, currency: str) -> Decimal:
    """An amount that is charged as it is, so in coins that exist. Raises Refusal."""
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
    """The table as tiers. Raises Refusal at a row's field, named `tiers-<row>-<field>`."""
    if not rows:
        raise Refusal("tiers", "Add at least one tier.")
    found: list[Tier] = []
    below = 0
    for place, row in enumerate(rows):
        tier = tier_of(place, row, currency, is_last=place == len(rows) - 1)
        if tier.up_to is not None and tier.up_to <= below:
            raise Refusal(f"tiers-{place}-up_to", f"Each tier ends higher than the one before, so after {below:,}.")
        below = tier.up_to or below
        found.append(tier)
    return tuple(found)


def tier_of(place: int, row: TypedTier, currency: str, *, is_last: bool) -> Tier:
    name = f"tiers-{place}"
    is_endless = row.up_to.strip().lower() in ENDLESS
    if is_last and not is_endless:
        raise Refusal(f"{name}-up_to", "Leave the end of the last tier empty: it goes on without end.")
    up_to = None if is_last else whole(f"{name}-up_to", row.up_to, "Type where this tier ends, for example 1000.")
    unit, flat = row.unit_amount.strip(), row.flat_amount.strip()
    if not unit and not flat:
        raise Refusal(f"{name}-unit_amount", "Type a price for each, a flat fee, or both. 0 is included for free.")
    return Tier(
        up_to,
        unit_amount(f"{name}-unit_amount", unit, currency) if unit else NOTHING,
        flat_amount(f"{name}-flat_amount", flat, currency) if flat else NOTHING,
    )
