"""Payment methods: test cards that pay or fail."""

from dataclasses import dataclass

from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit, updating
from billingportal.sandbox.errors import Refused, invalid
from billingportal.sandbox.fields import EXPAND, ONLY_EXPAND, PAGE, TEXT
from billingportal.sandbox.identifiers import letters, new_id
from billingportal.sandbox.leaves import Choice
from billingportal.sandbox.lists import Page, equal, page
from billingportal.sandbox.parameters import Record
from billingportal.sandbox.router import Operation
from billingportal.sandbox.wire import Document

KIND = "payment_method"


@dataclass(frozen=True)
class TestCard:
    """One of Stripe's test cards: how it looks, and whether it attaches and pays."""

    brand: str
    last4: str
    attaches: bool = True
    pays: bool = True


TEST_CARDS = {
    "pm_card_visa": TestCard("visa", "4242"),
    "pm_card_mastercard": TestCard("mastercard", "4444"),
    "pm_card_amex": TestCard("amex", "8431"),
    "pm_card_chargeCustomerFail": TestCard("visa", "0341", pays=False),
    "pm_card_chargeDeclined": TestCard("visa", "0002", attaches=False),
}
ATTACH = Record({"customer": TEXT, "customer_account": TEXT, **EXPAND}, required=("customer",))
LIST = Record(
    {
        "allow_redisplay": Choice("always", "limited", "unspecified"),
        "customer": TEXT,
        "type": Choice("card", "sepa_debit", "us_bank_account", "link"),
        **PAGE,
    }
)


def usable(call: Call, identifier: str, customer: str, param: str) -> str:
    """The id of a customer's payment method; a test card's token is attached first. Raises Refused."""
    if identifier in TEST_CARDS:
        return str(attach_card(call, identifier, customer)["id"])
    method = call.need(KIND, identifier, param, status=400)
    if method["customer"] != customer:
        message = (
            f"The customer does not have a payment method with the ID {identifier}. "
            "The payment method must be attached to the customer."
        )
        raise invalid(message, param, "resource_missing")
    return identifier


def attach_card(call: Call, token: str, customer: str) -> Document:
    """A fresh payment method of a test card. Raises Refused (402) for a card that is declined at once."""
    card = TEST_CARDS[token]
    if not card.attaches:
        raise declined()
    method = call.store.put(
        {
            "id": new_id("pm"),
            "object": KIND,
            "allow_redisplay": "unspecified",
            "billing_details": {
                "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
                "email": None,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "card": card_part(card),
            "created": call.now(),
            "customer": customer,
            "customer_account": None,
            "livemode": call.livemode,
            "metadata": {},
            "type": "card",
            "_pays": card.pays,
        }
    )
    emit(call, "payment_method.attached", method)
    return method


def card_part(card: TestCard) -> Document:
    """The card as Stripe describes it."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": letters(16),
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def declined() -> Refused:
    """402: the card's bank said no."""
    return Refused("Your card was declined.", status=402, kind="card_error", code="card_declined")


def retrieve(call: Call, identifier: str) -> Document:
    """One payment method."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """A customer's payment methods."""
    tests = (equal(call, "customer", "type", "allow_redisplay"),)
    return page(call, KIND, "/v1/payment_methods", call.store.newest_first(KIND), *tests)


def attach(call: Call, identifier: str) -> Document:
    """Give a test card to a customer."""
    customer = call.given("customer", "customer")
    if identifier in TEST_CARDS:
        return attach_card(call, identifier, customer["id"])
    method = call.need(KIND, identifier, KIND)
    if method["customer"] not in (None, customer["id"]):
        raise invalid("The payment method you provided has already been attached to a customer.")
    if method["customer"] is None:
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
    return method


def detach(call: Call, identifier: str) -> Document:
    """Take a payment method from its customer, for good."""
    method = call.need(KIND, identifier, KIND)
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    customer = call.store.objects["customer"][method["customer"]]
    if customer["invoice_settings"]["default_payment_method"] == identifier:
        with updating(call, "customer.updated", customer):
            customer["invoice_settings"]["default_payment_method"] = None
    method["customer"] = None
    emit(call, "payment_method.detached", method, {"customer": customer["id"]})
    return method


READ, WRITE = "payment_methods:read", "payment_methods:write"
PATH = "/v1/payment_methods"
OPERATIONS = [
    Operation("GET", PATH, KIND, index, LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}/attach", KIND, attach, ATTACH, WRITE),
    Operation("POST", f"{PATH}/{{id}}/detach", KIND, detach, ONLY_EXPAND, WRITE),
]
