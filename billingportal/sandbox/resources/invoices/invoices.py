"""Invoices: read, finalized, paid, voided and marked uncollectible here."""

from billingportal.sandbox.billing.invoicing import invoice_creation, voids
from billingportal.sandbox.billing.metering import late_usage
from billingportal.sandbox.billing.payments import collection, dunning, subscription_status
from billingportal.sandbox.billing.subscription import pending_updates
from billingportal.sandbox.billing.time import clocks
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import EXPAND, ONLY_EXPAND, PAGE, RANGE, TEXT, YES
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page, within
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.customers import payment_methods

KIND = "invoice"
HOUR = 3600
LIST = Record(
    {
        "collection_method": Choice("charge_automatically", "send_invoice"),
        "created": RANGE,
        "customer": TEXT,
        "due_date": RANGE,
        "status": Choice("draft", "open", "paid", "uncollectible", "void"),
        "subscription": TEXT,
        **PAGE,
    }
)
FINALIZE = Record({"auto_advance": YES, **EXPAND})
PAY = Record({"forgive": YES, "off_session": YES, "paid_out_of_band": YES, "payment_method": TEXT, **EXPAND})


def retrieve(call: Call, identifier: str) -> Document:
    """One invoice."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """Invoices, newest first."""
    tests = (
        equal(call, "collection_method", "customer", "status"),
        clocks.in_the_open(call, "customer", "subscription"),
        created_within(call),
        due_within(call),
        of_subscription(call),
    )
    return page(call, KIND, "/v1/invoices", call.store.newest_first(KIND), *tests)


def due_within(call: Call) -> Test:
    """By due date."""
    wanted = call.parameters.get("due_date")
    return lambda invoice: within(invoice["due_date"], wanted)


def of_subscription(call: Call) -> Test:
    """By subscription."""
    wanted = call.parameters.get("subscription")
    return lambda invoice: wanted is None or subscription_id_of(invoice) == wanted


def subscription_id_of(invoice: Document) -> object:
    """The id of an invoice's subscription; None for a one-off invoice."""
    return invoice["parent"]["subscription_details"]["subscription"] if invoice["parent"] is not None else None


def lines(call: Call, identifier: str) -> Page:
    """An invoice's lines in their order."""
    invoice = call.need(KIND, identifier, KIND)
    found = (call.store.objects["line_item"][line] for line in invoice["_lines"])
    return page(call, "line_item", f"/v1/invoices/{identifier}/lines", found)


def finalize(call: Call, identifier: str) -> Document:
    """Make a draft an open invoice; one with nothing due is paid at once."""
    invoice = call.need(KIND, identifier, KIND)
    if invoice["status"] != "draft":
        raise invalid(f"This invoice is already finalized, you can't re-finalize a non-draft invoice: {identifier}.")
    invoice["auto_advance"] = call.parameters.get("auto_advance", invoice["auto_advance"])
    late_usage.count(call, invoice)
    invoice_creation.finalize(call, invoice)
    if invoice["amount_due"] == 0:
        collection.mark_paid(call, invoice, None)
    elif invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        invoice["next_payment_attempt"] = call.now() + HOUR
    return invoice


def pay(call: Call, identifier: str) -> Document:
    """Collect an open invoice now."""
    invoice = call.need(KIND, identifier, KIND)
    given = call.parameters
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "draft", "uncollectible"):
        raise invalid("This invoice can no longer be paid.")
    if "_processing" in invoice:
        raise invalid(UNDER_WAY)
    method = method_for(call, invoice)
    if invoice["status"] == "draft":
        late_usage.count(call, invoice)
        invoice_creation.finalize(call, invoice)
    if given.get("paid_out_of_band") or invoice["amount_due"] == 0:
        collection.mark_paid(call, invoice, None, out_of_band=True)
    elif method is None:
        raise no_method(call, invoice)
    else:
        charge(call, invoice, method)
    subscription = dunning.find_subscription(call, invoice)
    if invoice["status"] == "paid" or (subscription is not None and subscription["status"] == "incomplete"):
        subscription_status.paid(call, invoice)
    return invoice


def charge(call: Call, invoice: Document, method: Document) -> None:
    """Charge a payment method. Raises Refused (402), all effects of the failed attempt being kept."""
    outcome = collection.attempt(call, invoice, method)
    if outcome == "declined":
        refused = payment_methods.declined(method["_decline_code"])
    elif outcome == "action":
        refused = Refused(NEEDS_ACTION, status=402, kind="card_error", code="invoice_payment_intent_requires_action")
    else:
        return
    refused.keeps = True
    raise refused


def method_for(call: Call, invoice: Document) -> Document | None:
    """The payment method given, else the invoice's, the subscription's or the customer's."""
    if "payment_method" in call.parameters:
        token = call.parameters["payment_method"]
        identifier = payment_methods.usable(call, token, invoice["customer"], "payment_method")
        return call.store.find("payment_method", identifier)
    return collection.method_of_invoice(call.store, invoice)


def no_method(call: Call, invoice: Document) -> Refused:
    """The refusal of a payment without a payment method that can pay."""
    subscription = dunning.find_subscription(call, invoice)
    if (subscription or invoice)["default_payment_method"] is not None:
        return invalid(DETACHED)
    return Refused(NO_METHOD, code="resource_missing")


def void(call: Call, identifier: str) -> Document:
    """Void an open invoice."""
    invoice = call.need(KIND, identifier, KIND)
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only pass in open invoices. This invoice isn't open: {identifier}.")
    waiting = pending_updates.waits_for(call, invoice)
    voids.void(call, invoice)
    if waiting is not None:
        pending_updates.expire(call, waiting)
    return invoice


def mark_uncollectible(call: Call, identifier: str) -> Document:
    """Mark an open invoice as uncollectible."""
    invoice = call.need(KIND, identifier, KIND)
    if invoice["status"] != "open":
        raise invalid(f"You can only pass in open invoices. This invoice isn't open: {identifier}.")
    voids.give_up(call, invoice)
    return invoice


UNDER_WAY = "This invoice has a payment that is processing. You cannot pay it until that payment has been decided."
DETACHED = "The payment method of the subscription was detached from the customer and may not be used again."
NEEDS_ACTION = (
    "Payment for this invoice requires additional user action before it can be completed successfully. "
    "Payment can be completed using the PaymentIntent associated with the invoice."
)
NO_METHOD = (
    "There is no `default_payment_method` set on this Customer or Invoice. Please first set the Customer's "
    "`invoice_settings.default_payment_method` or the Invoice's `default_payment_method`."
)
READ, WRITE = "invoices:read", "invoices:write"
PATH = "/v1/invoices"
OPERATIONS = [
    Operation("GET", PATH, KIND, index, LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("GET", f"{PATH}/{{id}}/lines", "line_item", lines, Record(PAGE), READ),
    Operation("POST", f"{PATH}/{{id}}/finalize", KIND, finalize, FINALIZE, WRITE),
    Operation("POST", f"{PATH}/{{id}}/mark_uncollectible", KIND, mark_uncollectible, ONLY_EXPAND, WRITE),
    Operation("POST", f"{PATH}/{{id}}/pay", KIND, pay, PAY, WRITE),
    Operation("POST", f"{PATH}/{{id}}/void", KIND, void, ONLY_EXPAND, WRITE),
]
