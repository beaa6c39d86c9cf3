"""Compares a test price with its live twin, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from billingportal.domain.plans.linked_prices import HeldPrice
from billingportal.domain.prices.price_text import charge_words, package_words, period_words, range_words
from billingportal.domain.prices.pricing import NOTHING, Terms, Tier
from billingportal.domain.prices.terms import currencies, terms_of
from billingportal.models import Meter, Price
from billingportal.money import text_of
from billingportal.plain_json import JsonObject

NONE = "None"
MISSING = "Missing"
MODELS = {"volume": "Volume", "graduated": "Graduated"}
TAX = {"inclusive": "Included in the price", "exclusive": "Added to the price"}


@dataclass(frozen=True)
class Field:
    """One field of a pair, in words for people. `is_equal` compares what is stored, not the words."""

    name: str
    test: str
    live: str
    is_equal: bool


def compare_prices(test: HeldPrice, live: HeldPrice) -> tuple[Field, ...]:
    """Every field that decides what a client pays, and how it is counted."""
    return (*price_fields(test, live), *amount_fields(test.price, live.price), *meter_fields(test.meter, live.meter))


def same_terms(test: HeldPrice, live: HeldPrice) -> bool:
    """Whether no field differs."""
    return all(field.is_equal for field in compare_prices(test, live))


def compared(name: str, test: str | None, live: str | None) -> Field:
    return Field(name, test or NONE, live or NONE, test == live)


def price_fields(test: HeldPrice, live: HeldPrice) -> Iterator[Field]:
    one, other = test.price, live.price
    yield compared("Product", product_name(test), product_name(live))
    yield Field("Active", active_words(test), active_words(live), is_active(test) == is_active(live))
    yield compared("Currency", one.currency.upper(), other.currency.upper())
    yield compared("Billing period", period_of(one), period_of(other))
    yield compared("Billed", usage_words(one), usage_words(other))
    yield compared("Model", model_of(one), model_of(other))
    yield compared("Package", package_of(one), package_of(other))
    yield compared("Tax", tax_words(one.tax_behavior), tax_words(other.tax_behavior))


def product_name(held: HeldPrice) -> str | None:
    return held.product.name if held.product else None


def is_active(held: HeldPrice) -> bool:
    return held.price.active and (held.product is None or held.product.active)


def active_words(held: HeldPrice) -> str:
    if not held.price.active:
        return "Price archived"
    return "Active" if is_active(held) else "Product archived"


def period_of(price: Price) -> str:
    return period_words(price.interval, price.interval_count).capitalize()


def usage_words(price: Price) -> str:
    return "In arrears, by usage" if price.usage_type == "metered" else "In advance"


def model_of(price: Price) -> str:
    if price.tiers_mode is not None:
        return MODELS.get(price.tiers_mode, price.tiers_mode)
    return "Per package" if price.package_size is not None else "Per unit"


def package_of(price: Price) -> str | None:
    package = terms_of(price).package
    return None if package is None else package_words(package, "units")


def tax_words(behavior: str | None) -> str:
    return TAX.get(behavior or "", "Not decided")


def amount_fields(test: Price, live: Price) -> Iterator[Field]:
    """The amounts in each currency that one of the two has, the test price's own currency first."""
    names = dict.fromkeys((*currencies(test), *currencies(live)))
    for name in names:
        ours, theirs = offered(test, name), offered(live, name)
        if ours is None or theirs is None:
            yield Field(amount_name(test, name), offer_words(ours), offer_words(theirs), is_equal=False)
            continue
        if ours.tiers_mode is None and theirs.tiers_mode is None:
            yield compared_amounts(amount_name(test, name), name, ours.unit_amount, theirs.unit_amount)
        else:
            yield from tier_fields(test, name, ours, theirs)
        if name not in (test.currency, live.currency):
            yield from option_tax(test, live, name)


def offered(price: Price, currency: str) -> Terms | None:
    return terms_of(price, currency) if currency in currencies(price) else None


def amount_name(test: Price, currency: str) -> str:
    return "Amount" if currency == test.currency else f"Amount in {currency.upper()}"


def offer_words(terms: Terms | None) -> str:
    if terms is None:
        return "Not offered"
    return "Tiers" if terms.tiers_mode else text_of(terms.unit_amount, terms.currency)


def compared_amounts(name: str, currency: str, ours: Decimal, theirs: Decimal) -> Field:
    return Field(name, text_of(ours, currency), text_of(theirs, currency), ours == theirs)


def option_tax(test: Price, live: Price, currency: str) -> Iterator[Field]:
    """The tax behaviour of an option, where one of the two has its own."""
    ours, theirs = (tax_of_option(price, currency) for price in (test, live))
    if ours != theirs:
        yield Field(f"Tax in {currency.upper()}", tax_words(ours), tax_words(theirs), is_equal=False)


def tax_of_option(price: Price, currency: str) -> str:
    option = cast(JsonObject, price.currency_options.get(currency) or {})
    return str(option.get("tax_behavior") or "unspecified")


def tier_fields(test: Price, currency: str, ours: Terms, theirs: Terms) -> Iterator[Field]:
    suffix = "" if currency == test.currency else f" in {currency.upper()}"
    for place in range(max(len(ours.tiers), len(theirs.tiers), 1)):
        one, other = tier_at(ours, place), tier_at(theirs, place)
        is_equal = one is not None and one == other and first_unit(ours, place) == first_unit(theirs, place)
        yield Field(f"Tier {place + 1}{suffix}", tier_text(ours, place), tier_text(theirs, place), is_equal)


def tier_at(terms: Terms, place: int) -> Tier | None:
    return terms.tiers[place] if place < len(terms.tiers) else None


def first_unit(terms: Terms, place: int) -> int:
    return 1 if place == 0 else (terms.tiers[place - 1].up_to or 0) + 1


def tier_text(terms: Terms, place: int) -> str:
    tier = tier_at(terms, place)
    if tier is None:
        return text_of(terms.unit_amount, terms.currency) if terms.tiers_mode is None and place == 0 else MISSING
    words = charge_words(tier, terms.currency)
    free = tier.unit_amount == NOTHING and tier.flat_amount == NOTHING
    return f"{range_words(first_unit(terms, place), tier.up_to)}: {text_of(NOTHING, terms.currency) if free else words}"


def meter_fields(test: Meter | None, live: Meter | None) -> Iterator[Field]:
    """The fields of the meters, which never change at Stripe but for the status."""
    if test is None and live is None:
        return
    ours, theirs = meter_values(test), meter_values(live)
    for name, value in ours.items():
        yield compared(name, value, theirs[name])


def meter_values(meter: Meter | None) -> dict[str, str | None]:
    return {
        "Meter": meter.event_name if meter else None,
        "Meter formula": meter.aggregation if meter else None,
        "Customer key": meter.customer_payload_key if meter else None,
        "Value key": meter.value_payload_key if meter else None,
        "Meter window": meter.event_time_window if meter else None,
        "Meter status": meter.status if meter else None,
    }
