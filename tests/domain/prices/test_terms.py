"""A stored price as terms to compute with."""

from decimal import Decimal

import pytest

from billingportal.domain.prices.pricing import Package, Terms, Tier
from billingportal.domain.prices.terms import currencies, is_metered, model_words, terms_of
from tests.support.catalog.terms import price_row

PER_UNIT = {"usd": Terms("usd", Decimal("12.5")), "jpy": Terms("jpy", Decimal(15)), "eur": Terms("eur", Decimal(11))}
PACKAGES = {"usd": Terms("usd", Decimal(1000), Package(100, "down"))}
TIERED = {
    currency: Terms(currency, tiers=(Tier(5, Decimal(each)), Tier(None, flat_amount=Decimal(900))), tiers_mode="volume")
    for currency, each in (("usd", "0.123456789012"), ("kwd", "30"))
}


def test_the_own_currency_comes_first_then_the_others_by_name() -> None:
    assert currencies(price_row(PER_UNIT, "usd")) == ("usd", "eur", "jpy")


@pytest.mark.parametrize("currency", ["usd", "jpy", "eur"])
def test_unit_amounts_of_each_currency(currency: str) -> None:
    assert terms_of(price_row(PER_UNIT, "usd"), currency) == PER_UNIT[currency]


@pytest.mark.parametrize("currency", ["usd", "kwd"])
def test_tiers_of_each_currency(currency: str) -> None:
    assert terms_of(price_row(TIERED, "usd"), currency) == TIERED[currency]


def test_packages() -> None:
    assert terms_of(price_row(PACKAGES, "usd")) == PACKAGES["usd"]


def test_a_currency_that_the_price_does_not_have_is_an_error() -> None:
    with pytest.raises(LookupError):
        terms_of(price_row(PER_UNIT, "usd"), "gbp")


@pytest.mark.parametrize(
    ("terms", "usage_type", "words"),
    [
        (PER_UNIT, "licensed", "Flat rate"),
        (PER_UNIT, "metered", "Usage-based · Per unit"),
        (PACKAGES, "licensed", "Per package"),
        (PACKAGES, "metered", "Usage-based · Per package"),
        (TIERED, "licensed", "Tiered · Volume"),
        (TIERED, "metered", "Usage-based · Tiered · Volume"),
    ],
)
def test_models_are_called_as_stripes_form_calls_them(terms: dict[str, Terms], usage_type: str, words: str) -> None:
    price = price_row(terms, "usd", usage_type)
    assert model_words(price) == words
    assert is_metered(price) == (usage_type == "metered")
