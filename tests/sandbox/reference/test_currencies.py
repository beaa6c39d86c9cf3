"""Currencies."""

from decimal import Decimal

import pytest

from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.reference.currencies import check_currency, spelled


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        ("1000", "usd", "$10.00"),
        ("0.5", "usd", "$0.005"),
        ("1000", "jpy", "¥1000"),
        ("5120", "kwd", "5.120 KWD"),
        ("9900", "chf", "99.00 CHF"),
    ],
)
def test_amounts_are_spelled_in_major_units(minor: str, currency: str, text: str) -> None:
    assert spelled(Decimal(minor), currency) == text


def test_currencies_are_known_in_any_case() -> None:
    assert check_currency("EUR", "currency") == "eur"
    with pytest.raises(Refused, match="Invalid currency: zzz"):
        check_currency("zzz", "currency")
