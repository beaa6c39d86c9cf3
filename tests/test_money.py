"""Money: minor units as Stripe counts them, exact fractions, and text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.money import Money, decimals, round_minor, text_of, to_major, to_minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        ("2900", "usd", "US$29.00"),
        ("0", "usd", "US$0.00"),
        ("0.4", "usd", "US$0.004"),
        ("0.000000000001", "usd", "US$0.00000000000001"),
        ("123456789", "eur", "€1,234,567.89"),
        ("4300", "jpy", "JP¥4,300"),
        ("0.25", "jpy", "JP¥0.25"),
        ("5120", "kwd", "KWD 5.120"),
        ("150000", "isk", "ISK 1,500"),
        ("150000", "ugx", "UGX 1,500"),
        ("1000", "huf", "HUF 10.00"),
        ("2700", "gbp", "£27.00"),
        ("2700", "cad", "CA$27.00"),
    ],
)
def test_amounts_in_words(minor: str, currency: str, text: str) -> None:
    assert text_of(Decimal(minor), currency).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("currency", "places"), [("usd", 2), ("jpy", 0), ("krw", 0), ("kwd", 3), ("bhd", 3), ("isk", 2), ("ugx", 2)]
)
def test_stripes_minor_units(currency: str, places: int) -> None:
    assert decimals(currency) == places
    assert to_minor(Decimal("1.5"), currency) == Decimal("1.5") * 10**places


@pytest.mark.parametrize(("minor", "whole"), [("0.5", 1), ("0.499999999999", 0), ("1.5", 2), ("2.5", 3), ("-0.5", -1)])
def test_halves_are_rounded_away_from_zero(minor: str, whole: int) -> None:
    assert round_minor(Decimal(minor)) == whole


def test_money_adds_up_in_one_currency_only() -> None:
    assert Money(1, "usd") + Money(2, "usd") == Money(3, "usd")
    assert str(Money(-150, "usd")) == "-US$1.50"
    with pytest.raises(ValueError, match="usd and eur cannot be added"):
        Money(1, "usd") + Money(1, "eur")


@given(
    st.decimals(min_value=0, max_value=10**9, places=12), st.sampled_from(["usd", "jpy", "kwd", "isk", "huf", "xof"])
)
def test_minor_and_major_are_exact_opposites(minor: Decimal, currency: str) -> None:
    assert to_minor(to_major(minor, currency), currency) == minor


@given(st.decimals(min_value=0, max_value=10**9, places=12), st.sampled_from(["usd", "jpy", "kwd"]))
def test_the_text_has_every_digit_of_the_amount(minor: Decimal, currency: str) -> None:
    digits = "".join(sign for sign in text_of(minor, currency) if sign.isdigit() or sign == ".")
    assert Decimal(digits) == to_major(minor, currency)
