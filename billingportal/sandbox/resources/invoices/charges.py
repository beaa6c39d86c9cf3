"""Charges: made by payment intents, read-only here."""

from billingportal.sandbox.billing.payments.charges import KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND, PAGE, RANGE, TEXT
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

LIST = Record({"created": RANGE, "customer": TEXT, "payment_intent": TEXT, "transfer_group": TEXT, **PAGE})


def retrieve(call: Call, identifier: str) -> Document:
    """One charge."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """Charges, newest first."""
    tests = (equal(call, "customer", "payment_intent", "transfer_group"), created_within(call))
    return page(call, KIND, "/v1/charges", call.store.newest_first(KIND), *tests)


OPERATIONS = [
    Operation("GET", "/v1/charges", KIND, index, LIST, "charges:read"),
    Operation("GET", "/v1/charges/{id}", KIND, retrieve, ONLY_EXPAND, "charges:read"),
]
