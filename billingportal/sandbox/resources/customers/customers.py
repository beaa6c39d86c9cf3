"""Customers."""

import re
from copy import deepcopy
from dataclasses import replace

from billingportal.sandbox.billing.time import clocks
from billingportal.sandbox.http.call import CLOCK, Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import ONLY_EXPAND, merged, or_none
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameters import CLEARED
from billingportal.sandbox.http.presentation import ENDED
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.customers import parameters as customer_parameters
from billingportal.sandbox.resources.customers import payment_methods
from billingportal.sandbox.resources.subscriptions import subscriptions
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import letters, new_id

KIND = "customer"
NOTHING_YET: Document = {
    "object": KIND,
    "address": None,
    "balance": 0,
    "currency": None,
    "customer_account": None,
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": None,
    "invoice_settings": dict.fromkeys(("custom_fields", "default_payment_method", "footer", "rendering_options")),
    "metadata": {},
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
    "_subscriptions": [],
    "_tax_ids": [],
}
PLAIN = ("business_name", "description", "email", "individual_name", "invoice_prefix", "name", "phone")
WHOLE = ("balance", "next_invoice_sequence", "preferred_locales")
EMAIL = re.compile(r"[!-\-/-?A-~]+(\.[!-\-/-?A-~]+)*@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+")
BLANK_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def create(call: Call) -> Document:
    """A new customer, with a card if one is given."""
    given = call.parameters
    check_email(given)
    test_clock = call.given(CLOCK, "test_clock") if "test_clock" in given else None
    customer: Document = {
        "id": new_id("cus"),
        **deepcopy(NOTHING_YET),
        "created": call.now(),
        "invoice_prefix": letters(8).upper(),
        "livemode": call.livemode,
    }
    if test_clock is not None:
        clocks.join(call, customer, test_clock)
    token = given.get("payment_method")
    settings = given.get("invoice_settings", {})
    if token is not None:
        method = payment_methods.usable(call, token, customer["id"], "payment_method")
        if settings.get("default_payment_method") == token:
            settings = {**settings, "default_payment_method": method}
    apply(call, customer, {**given, "invoice_settings": settings})
    call.store.put(customer)
    emit(call, "customer.created", customer)
    return customer


def check_email(given: Document) -> None:
    """Raises Refused for an invalid e-mail address. Stripe doesn't publish its rule, so this one is strict: ASCII, no
    empty part, and a dot behind the @."""
    email = given.get("email", "")
    if email and not EMAIL.fullmatch(email):
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")


def apply(call: Call, customer: Document, given: Document) -> None:
    """Put the given parameters into a customer. Raises Refused for another customer's payment method."""
    settings = dict(given.get("invoice_settings", {}))
    method = settings.get("default_payment_method")
    if method:
        param = "invoice_settings[default_payment_method]"
        settings["default_payment_method"] = payment_methods.usable(call, method, customer["id"], param)
    for name, value in settings.items():
        customer["invoice_settings"][name] = or_none(value)
    for name in (*PLAIN, *WHOLE):
        if name in given:
            customer[name] = or_none(given[name])
    if "tax_exempt" in given:
        customer["tax_exempt"] = given["tax_exempt"] or "none"
    if "metadata" in given:
        customer["metadata"] = merged(customer["metadata"], given["metadata"])
    if "address" in given:
        customer["address"] = address(given["address"])
    if "shipping" in given:
        customer["shipping"] = shipping(given["shipping"])


def address(given: Document | str) -> Document | None:
    """An address with every part present."""
    if not isinstance(given, dict):
        return None
    return {**BLANK_ADDRESS, **{name: or_none(text) for name, text in given.items()}}


def shipping(given: Document | str) -> Document | None:
    """A shipping address as Stripe stores it."""
    if not isinstance(given, dict):
        return None
    phone = or_none(given.get("phone", CLEARED))
    return {"address": address(given["address"]), "name": given["name"], "phone": phone}


def retrieve(call: Call, identifier: str) -> Document:
    """One customer; a deleted one answers with a stub."""
    customer = call.store.find(KIND, identifier)
    if customer is None:
        raise call.absent(KIND, identifier, "id")
    return customer


def index(call: Call) -> Page:
    """Customers, newest first; the e-mail is compared exactly."""
    tests = (equal(call, "email", "test_clock"), clocks.in_the_open(call, "test_clock"), created_within(call))
    return page(call, KIND, "/v1/customers", call.store.newest_first(KIND), *tests)


def update(call: Call, identifier: str) -> Document:
    """Change a customer."""
    customer = call.need(KIND, identifier, "id")
    check_email(call.parameters)
    with updating(call, "customer.updated", customer):
        apply(call, customer, call.parameters)
    return customer


def delete(call: Call, identifier: str) -> Document:
    """Remove a customer for good; subscriptions end at once."""
    customer = call.need(KIND, identifier, "id")
    for subscription in customer["_subscriptions"]:
        if call.store.objects["subscription"][subscription]["status"] not in ENDED:
            subscriptions.cancel(replace(call, parameters={}), subscription)
    emit(call, "customer.deleted", customer)
    customer["deleted"] = True
    return customer


OPERATIONS = [
    Operation("POST", "/v1/customers", KIND, create, customer_parameters.CREATE, "customers:write"),
    Operation("GET", "/v1/customers", KIND, index, customer_parameters.LIST, "customers:read"),
    Operation("GET", "/v1/customers/{id}", KIND, retrieve, ONLY_EXPAND, "customers:read"),
    Operation("POST", "/v1/customers/{id}", KIND, update, customer_parameters.UPDATE, "customers:write"),
    Operation("DELETE", "/v1/customers/{id}", KIND, delete, ONLY_EXPAND, "customers:write"),
]
