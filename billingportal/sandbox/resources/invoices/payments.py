"""Invoice payments: the payment of each invoice."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND, PAGE, RANGE, TEXT
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

KIND = "invoice_payment"
PAYMENT = Record(
    {"payment_intent": TEXT, "payment_record": TEXT, "type": Choice("payment_intent", "payment_record")},
    required=("type",),
)
LIST = Record(
    {"created": RANGE, "invoice": TEXT, "payment": PAYMENT, "status": Choice("canceled", "open", "paid"), **PAGE}
)


def retrieve(call: Call, identifier: str) -> Document:
    """One payment of an invoice."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """Payments by invoice or by payment intent, newest first."""
    tests = (equal(call, "invoice", "status"), created_within(call), with_payment(call))
    return page(call, KIND, "/v1/invoice_payments", call.store.newest_first(KIND), *tests)


def with_payment(call: Call) -> Test:
    """By payment."""
    wanted = call.parameters.get("payment", {})
    return lambda payment: all(payment["payment"].get(name) == value for name, value in wanted.items())


# No source says that the right to read invoices covers their payments, so here it does not.
READ = "invoice_payments:read"
OPERATIONS = [
    Operation("GET", "/v1/invoice_payments", KIND, index, LIST, READ),
    Operation("GET", "/v1/invoice_payments/{id}", KIND, retrieve, ONLY_EXPAND, READ),
]
