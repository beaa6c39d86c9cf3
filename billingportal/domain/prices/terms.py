"""Converts a stored price to terms for computing charges, in each of its currencies."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, cast

from billingportal.domain.prices.pricing import NOTHING, Package, Terms, Tier
from billingportal.models import Price
from billingportal.plain_json import Json, JsonObject


def currencies(price: Price) -> tuple[str, ...]:
    """The price's own currency first, then those it has options for."""
    others = sorted(name for name in price.currency_options if name != price.currency)
    return (price.currency, *others)


def terms_of(price: Price, currency: str | None = None) -> Terms:
    """The price's terms in a currency, by default its own. Raises LookupError for one it does not have."""
    chosen = currency or price.currency
    if chosen == price.currency:
        return terms(price, chosen, price.unit_amount_decimal, price.tiers)
    option = cast(JsonObject, price.currency_options[chosen])
    unit_amount = cast(str | None, option.get("unit_amount_decimal"))
    listed = cast(list[Json] | None, option.get("tiers"))
    return terms(price, chosen, None if unit_amount is None else Decimal(unit_amount), listed)


def terms(price: Price, currency: str, unit_amount: Decimal | None, tiers: list[Json] | None) -> Terms:
    if price.billing_scheme == "tiered":
        mode = cast(Literal["volume", "graduated"], price.tiers_mode)
        return Terms(currency, tiers=tuple(tiers_of(cast(list[JsonObject], tiers or []))), tiers_mode=mode)
    return Terms(currency, unit_amount or NOTHING, package_of(price))


def package_of(price: Price) -> Package | None:
    if price.package_size is None:
        return None
    return Package(price.package_size, "up" if price.package_round == "up" else "down")


def tiers_of(listed: Iterable[JsonObject]) -> list[Tier]:
    return [
        Tier(
            up_to=cast(int | None, row.get("up_to")),
            unit_amount=Decimal(str(row.get("unit_amount_decimal") or 0)),
            flat_amount=Decimal(str(row.get("flat_amount_decimal") or 0)),
        )
        for row in listed
    ]


def is_metered(price: Price) -> bool:
    """Whether usage is billed at the end of a period, instead of a quantity at its start."""
    return price.usage_type == "metered"


def model_words(price: Price) -> str:
    """The name of the pricing model, as Stripe's own form calls it."""
    if price.tiers_mode is not None:
        model = f"Tiered · {price.tiers_mode.capitalize()}"
    elif price.package_size is not None:
        model = "Per package"
    else:
        model = "Per unit" if is_metered(price) else "Flat rate"
    return f"Usage-based · {model}" if is_metered(price) else model
