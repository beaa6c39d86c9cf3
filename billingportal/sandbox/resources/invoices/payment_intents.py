"""Payment intents: made by invoices, read-only here."""

from billingportal.sandbox.billing.payments.payment_intents import KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import EXPAND, PAGE, RANGE, TEXT
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

RETRIEVE = Record({"client_secret": TEXT, **EXPAND})
LIST = Record({"created": RANGE, "customer": TEXT, **PAGE}, absent=("customer_account",))


def retrieve(call: Call, identifier: str) -> Document:
    """One payment intent."""
    return call.need(KIND, identifier, "intent")


def index(call: Call) -> Page:
    """Payment intents, newest first."""
    tests = (equal(call, "customer"), created_within(call))
    return page(call, KIND, "/v1/payment_intents", call.store.newest_first(KIND), *tests)


OPERATIONS = [
    Operation("GET", "/v1/payment_intents", KIND, index, LIST, "payment_intents:read"),
    Operation("GET", "/v1/payment_intents/{id}", KIND, retrieve, RETRIEVE, "payment_intents:read"),
]
