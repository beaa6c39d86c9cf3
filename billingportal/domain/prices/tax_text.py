"""Whether amounts include tax, in words, by the prices that they are made of."""

from collections.abc import Iterable
from typing import cast

from billingportal.models import Price
from billingportal.plain_json import JsonObject

INCLUDED, ADDED, MIXED = "tax included", "before tax", "tax partly included"


def tax_words(prices: Iterable[Price], currency: str) -> str:
    """The words "tax included" or "before tax" for an amount of these prices; empty when one of them does not say."""
    said = {tax_behavior(price, currency) for price in prices}
    if said == {"inclusive"}:
        return INCLUDED
    if said == {"exclusive"}:
        return ADDED
    return MIXED if said == {"inclusive", "exclusive"} else ""


def tax_behavior(price: Price, currency: str) -> str | None:
    """Stripe's tax behavior of the price in a currency: "inclusive", "exclusive" or "unspecified".

    Each currency option has its own (Stripe, Price object, `currency_options`).
    """
    if currency == price.currency:
        return price.tax_behavior
    option = cast(JsonObject, price.currency_options.get(currency) or {})
    return cast(str | None, option.get("tax_behavior"))
