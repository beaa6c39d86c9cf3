"""Payment methods: test cards, and a bank account whose debits take days."""

from copy import deepcopy

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import (
    ADDRESS,
    CLEARABLE_TEXT,
    EXPAND,
    METADATA,
    ONLY_EXPAND,
    PAGE,
    TEXT,
    merged,
    or_none,
)
from billingportal.sandbox.http.lists import Page, equal, page
from billingportal.sandbox.http.parameter_types import Choice, Integer
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import DECLINED, GENERIC, TOKENS, TestCard
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import letters, new_id

KIND = "payment_method"


ATTACH = Record({"customer": TEXT, "customer_account": TEXT, **EXPAND}, required=("customer",))
NO_DETAILS: Document = {
    "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}
DETAILS = Record({"address": ADDRESS, **dict.fromkeys(("email", "name", "phone", "tax_id"), CLEARABLE_TEXT)})
EXPIRY = Record(
    {"exp_month": Integer(least=1, most=12), "exp_year": Integer(least=2000, most=2100)}, absent=("networks",)
)
REDISPLAY = Choice("always", "limited", "unspecified")
UPDATE = Record(
    {"allow_redisplay": REDISPLAY, "billing_details": DETAILS, "card": EXPIRY, "metadata": METADATA, **EXPAND},
    absent=("payto", "us_bank_account"),
)
LIST = Record(
    {
        "allow_redisplay": REDISPLAY,
        "customer": TEXT,
        "type": Choice("card", "sepa_debit", "us_bank_account", "link"),
        **PAGE,
    }
)


def usable(call: Call, identifier: str, customer: str, param: str) -> str:
    """The id of a customer's payment method; a test card's token is attached first. Raises Refused."""
    if identifier in TOKENS:
        return str(attach_card(call, TOKENS[identifier], customer)["id"])
    method = call.need(KIND, identifier, param, status=400)
    if method["customer"] != customer:
        message = (
            f"The customer does not have a payment method with the ID {identifier}. "
            "The payment method must be attached to the customer."
        )
        raise invalid(message, param, "resource_missing")
    return identifier


def attach_card(call: Call, card: TestCard, customer: str, details: Document = NO_DETAILS) -> Document:
    """A fresh payment method, with billing `details`. Raises Refused (402) for a card that is declined at once."""
    if not card.attaches:
        raise declined(card.decline_code)
    part = card_part(card) if card.kind == "card" else account_part(card)
    method = call.store.put(
        {
            "id": new_id("pm"),
            "object": KIND,
            "allow_redisplay": "unspecified",
            "billing_details": {**deepcopy(NO_DETAILS), **details},
            card.kind: part,
            "created": call.now(),
            "customer": customer,
            "customer_account": None,
            "livemode": call.livemode,
            "metadata": {},
            "type": card.kind,
            "_outcome": card.outcome,
            "_decline_code": card.decline_code,
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


def account_part(card: TestCard) -> Document:
    """The bank account as Stripe describes it."""
    return {
        "bank_code": "37040044",
        "branch_code": "",
        "country": "DE",
        "fingerprint": letters(16),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": card.last4,
    }


def declined(code: str = GENERIC) -> Refused:
    """402: the card's bank said no."""
    return Refused(DECLINED[code], status=402, kind="card_error", code="card_declined", decline_code=code)


def renew(call: Call, method: Document) -> None:
    """Renew a card as its bank would: it is valid three years longer, and Stripe emits the update."""
    with updating(call, "payment_method.automatically_updated", method):
        method["card"]["exp_year"] += 3
        method["card"]["fingerprint"] = letters(16)


def update(call: Call, identifier: str) -> Document:
    """Change the expiry, the billing details or the metadata."""
    method, given = call.need(KIND, identifier, KIND), call.parameters
    if method["customer"] is None:
        raise invalid("You must save this PaymentMethod to a customer before you can update it.")
    with updating(call, "payment_method.updated", method):
        if "card" in given:
            method["card"].update(given["card"])
        if "metadata" in given:
            method["metadata"] = merged(method["metadata"], given["metadata"])
        if "allow_redisplay" in given:
            method["allow_redisplay"] = given["allow_redisplay"]
        details = dict(given.get("billing_details", {}))
        address = details.pop("address", None)
        if address is not None:
            method["billing_details"]["address"] = {**NO_DETAILS["address"], **dict(address or {})}
        method["billing_details"].update({name: or_none(value) for name, value in details.items()})
    return method


def retrieve(call: Call, identifier: str) -> Document:
    """One payment method, no legacy source."""
    method = call.need(KIND, identifier, KIND)
    if is_source(method):
        raise call.absent(KIND, identifier, KIND)
    return method


def is_source(method: Document) -> bool:
    """Whether it is a legacy source."""
    return bool(method.get("_is_source"))


def index(call: Call) -> Page:
    """A customer's payment methods."""
    tests = (equal(call, "customer", "type", "allow_redisplay"), lambda method: not is_source(method))
    return page(call, KIND, "/v1/payment_methods", call.store.newest_first(KIND), *tests)


def attach(call: Call, identifier: str) -> Document:
    """Give a test card to a customer."""
    customer = call.given("customer", "customer")
    if identifier in TOKENS:
        return attach_card(call, TOKENS[identifier], customer["id"])
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
    """Detach a payment method from its customer, for good."""
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
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
    Operation("POST", f"{PATH}/{{id}}/attach", KIND, attach, ATTACH, WRITE),
    Operation("POST", f"{PATH}/{{id}}/detach", KIND, detach, ONLY_EXPAND, WRITE),
]
