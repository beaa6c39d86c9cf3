"""Payment intents: made by invoices, here to be read."""

from billingportal.sandbox.billing.payments import KIND
from billingportal.sandbox.call import Call
from billingportal.sandbox.fields import EXPAND, PAGE, RANGE, TEXT
from billingportal.sandbox.lists import Page, created_within, equal, page
from billingportal.sandbox.parameters import Record
from billingportal.sandbox.router import Operation
from billingportal.sandbox.wire import Document

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
