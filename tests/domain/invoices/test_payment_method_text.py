"""How a client pays, in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billingportal.domain.invoices.payment_method_text import method_words
from billingportal.models import PaymentMethod

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def method(**given: Any) -> PaymentMethod:
    card = {"type": "card", "brand": "visa", "last_four": "4242", "expires_month": 8, "expires_year": 2028}
    return PaymentMethod(**{**card, **given})


@pytest.mark.parametrize(
    ("given", "words", "expiry"),
    [
        ({}, "Visa ending 4242", "Expires 08/2028"),
        ({"brand": "amex"}, "American Express ending 4242", "Expires 08/2028"),
        ({"brand": "girocard"}, "Girocard ending 4242", "Expires 08/2028"),
        ({"expires_year": 2026, "expires_month": 11}, "Visa ending 4242", "Expires this month, 11/2026"),
        ({"expires_year": 2026, "expires_month": 10}, "Visa ending 4242", "Expired 10/2026"),
        (
            {"type": "sepa_debit", "brand": None, "last_four": "3000", "expires_month": None, "expires_year": None},
            "SEPA Direct Debit ending 3000",
            "",
        ),
        ({"type": "link", "brand": None, "last_four": None, "expires_month": None, "expires_year": None}, "Link", ""),
        (
            {"type": "new_way", "brand": None, "last_four": None, "expires_month": None, "expires_year": None},
            "New way",
            "",
        ),
    ],
)
def test_a_payment_method_has_words(given: dict[str, Any], words: str, expiry: str) -> None:
    found = method_words(method(**given), MOMENT)
    assert (found.words, found.expiry_words) == (words, expiry)
