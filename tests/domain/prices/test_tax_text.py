"""Whether an amount includes tax is said by the prices that make it up, in the currency that is paid."""

from typing import Any

import pytest

from billingportal.domain.prices.tax_text import tax_words
from billingportal.models import Price


def price(behavior: str | None, **options: Any) -> Price:
    listed = {currency: {"tax_behavior": option} for currency, option in options.items()}
    return Price(currency="usd", tax_behavior=behavior, currency_options=listed)


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ([price("inclusive"), price("inclusive")], "tax included"),
        ([price("exclusive")], "before tax"),
        ([price("exclusive"), price("inclusive")], "tax partly included"),
        ([price("exclusive"), price("unspecified")], ""),
        ([price("inclusive"), price(None)], ""),
        ([], ""),
    ],
)
def test_all_prices_of_an_amount_count(prices: list[Price], words: str) -> None:
    assert tax_words(prices, "usd") == words


def test_each_currency_of_a_price_has_its_own_tax_behavior() -> None:
    one = price("exclusive", eur="inclusive", gbp="unspecified")
    assert [tax_words([one], currency) for currency in ("usd", "eur", "gbp")] == ["before tax", "tax included", ""]
