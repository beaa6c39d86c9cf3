"""Reads the card fields of a form."""

import re

from billingportal.sandbox.reference.test_cards import NUMBERS, SEPA, TestCard

EXPIRY = re.compile(r"(0?[1-9]|1[0-2])\s*/\s*(\d{2}|\d{4})\Z")
CODE = re.compile(r"\d{3,4}\Z")
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def typed(form: dict[str, str]) -> tuple[TestCard | None, str]:
    """The test card with the typed number, or the error message."""
    if form.get("method") == "sepa_debit":
        return SEPA, ""
    card = NUMBERS.get(re.sub(r"\D", "", form.get("number", "")))
    if card is None:
        return None, "Your card number is invalid."
    if not EXPIRY.match(form.get("expiry", "").strip()):
        return None, "Your card's expiration date is invalid."
    if not CODE.match(form.get("cvc", "").strip()):
        return None, "Your card's security code is invalid."
    return card, ""
