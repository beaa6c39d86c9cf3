"""Invoice items, made by prorations or for one-off invoices: read here."""

from billingportal.sandbox.billing.invoicing.pending_invoice_items import KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND, PAGE, RANGE, TEXT, YES
from billingportal.sandbox.http.lists import Page, Test, equal, page, within
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document

LIST = Record({"created": RANGE, "customer": TEXT, "invoice": TEXT, "pending": YES, **PAGE})


def retrieve(call: Call, identifier: str) -> Document:
    """One invoice item."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """Invoice items, newest first."""
    tests = (equal(call, "customer", "invoice"), made_within(call), waiting(call))
    return page(call, KIND, "/v1/invoiceitems", call.store.newest_first(KIND), *tests)


def made_within(call: Call) -> Test:
    """By the time they were made."""
    wanted = call.parameters.get("created")
    return lambda item: within(item["date"], wanted)


def waiting(call: Call) -> Test:
    """By whether they are pending."""
    wanted = call.parameters.get("pending")
    return lambda item: wanted is None or (item["invoice"] is None) == wanted


OPERATIONS = [
    Operation("GET", "/v1/invoiceitems", KIND, index, LIST, "invoices:read"),
    Operation("GET", "/v1/invoiceitems/{id}", KIND, retrieve, ONLY_EXPAND, "invoices:read"),
]
