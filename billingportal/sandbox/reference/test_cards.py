"""Stripe's test cards, by API token and by card number."""

from dataclasses import dataclass

GENERIC = "generic_decline"
FUNDS = "insufficient_funds"
DECLINED = {
    GENERIC: "Your card was declined.",
    FUNDS: "Your card has insufficient funds.",
}


@dataclass(frozen=True)
class TestCard:
    """A test card's attributes and the outcome of its charges.

    `outcome` is one of: pays; fails (attaches, each charge is declined); asks (the customer has to confirm each
    charge); asks_once (the customer has to confirm the card, which then pays alone); delays (a charge is decided
    later). A card that does not attach is declined wherever it is first shown.
    """

    brand: str
    last4: str
    outcome: str = "pays"
    attaches: bool = True
    decline_code: str = GENERIC
    kind: str = "card"

    @property
    def asks(self) -> bool:
        """Whether the customer has to confirm at the page."""
        return self.outcome in ("asks", "asks_once")

    @property
    def words(self) -> str:
        """The bank's message for a decline."""
        return DECLINED[self.decline_code]


SEPA = TestCard("", "3000", "delays", kind="sepa_debit")
NUMBERS = {
    "4242424242424242": TestCard("visa", "4242"),
    "5555555555554444": TestCard("mastercard", "4444"),
    "378282246310005": TestCard("amex", "0005"),
    "4000000000000341": TestCard("visa", "0341", "fails"),
    "4000000000000002": TestCard("visa", "0002", "fails", attaches=False),
    "4000000000009995": TestCard("visa", "9995", "fails", attaches=False, decline_code=FUNDS),
    "4000002500003155": TestCard("visa", "3155", "asks_once"),
    "4000002760003184": TestCard("visa", "3184", "asks"),
    "4000000000003220": TestCard("visa", "3220", "asks"),
}
TOKENS = {
    "pm_card_visa": NUMBERS["4242424242424242"],
    "pm_card_mastercard": NUMBERS["5555555555554444"],
    "pm_card_amex": TestCard("amex", "8431"),
    "pm_card_chargeCustomerFail": NUMBERS["4000000000000341"],
    "pm_card_chargeDeclined": NUMBERS["4000000000000002"],
    "pm_card_chargeDeclinedInsufficientFunds": NUMBERS["4000000000009995"],
    "pm_card_authenticationRequiredOnSetup": NUMBERS["4000002500003155"],
    "pm_card_authenticationRequired": NUMBERS["4000002760003184"],
    "pm_card_threeDSecure2Required": NUMBERS["4000000000003220"],
    "pm_sepa_debit": SEPA,
}
