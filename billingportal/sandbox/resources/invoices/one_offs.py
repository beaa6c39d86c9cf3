"""Invoices without a subscription: created as drafts, then filled with invoice items."""

from billingportal.sandbox.billing.invoicing.pending_invoice_items import put_amount
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND, METADATA, TEXT, TIMESTAMP, YES, merged
from billingportal.sandbox.http.parameter_types import Choice, Integer
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import check_currency
from billingportal.sandbox.resources.customers import payment_methods
from billingportal.sandbox.resources.invoices.one_off_drafts import add_line, make_draft

KIND = "invoice"
DEFAULT_CURRENCY = "usd"
CREATE = Record(
    {
        "auto_advance": YES,
        "collection_method": Choice("charge_automatically", "send_invoice"),
        "currency": TEXT,
        "customer": TEXT,
        "days_until_due": Integer(least=0),
        "default_payment_method": TEXT,
        "description": TEXT,
        "due_date": TIMESTAMP,
        "metadata": METADATA,
        **EXPAND,
    },
    required=("customer",),
    absent=("automatic_tax", "discounts", "pending_invoice_items_behavior", "subscription"),
)
ITEM = Record(
    {
        "amount": Integer(),
        "currency": TEXT,
        "customer": TEXT,
        "description": TEXT,
        "invoice": TEXT,
        "metadata": METADATA,
        "period": Record({"end": TIMESTAMP, "start": TIMESTAMP}, required=("end", "start")),
        "subscription": TEXT,
        **EXPAND,
    },
    required=("customer", "amount", "currency"),
    absent=("price_data", "pricing", "quantity", "unit_amount_decimal"),
)
ENDED = ("canceled", "incomplete_expired")


def create(call: Call) -> Document:
    """A draft without lines. Raises Refused for a due date where the card is charged, and for none where it is not."""
    customer = call.given("customer", "customer")
    return make_draft(call, customer, terms_of(call, customer))


def terms_of(call: Call, customer: Document) -> Document:
    """The draft's attributes, with Stripe's defaults."""
    given = call.parameters
    method = given.get("collection_method", "charge_automatically")
    has_due_date = "days_until_due" in given or "due_date" in given
    if has_due_date != (method == "send_invoice"):
        raise invalid(BY_BILL_ONLY if has_due_date else DUE_DATE_NEEDED, "days_until_due")
    card = given.get("default_payment_method")
    return {
        "auto_advance": given.get("auto_advance", False),
        "collection_method": method,
        "currency": check_currency(str(given.get("currency") or customer["currency"] or DEFAULT_CURRENCY), "currency"),
        "days_until_due": given.get("days_until_due", 0),
        "default_payment_method": payment_methods.usable(call, card, customer["id"], "default_payment_method")
        if card
        else None,
        "description": given.get("description"),
        "due_date": given.get("due_date"),
        "default_tax_rates": [],
        "id": None,
        "invoice_settings": {"custom_fields": None, "description": None, "footer": None},
        "metadata": merged({}, given.get("metadata", {})),
    }


def create_item(call: Call) -> Document:
    """An invoice item on a draft of the same customer and currency, or for the next invoice of a subscription."""
    given = call.parameters
    call.given("customer", "customer")
    if "subscription" in given and "invoice" not in given:
        return create_pending_item(call)
    if "invoice" not in given or given.keys() & {"subscription", "metadata", "period"}:
        raise invalid("The sandbox makes invoice items for a draft, or for a subscription's next invoice.", "invoice")
    invoice = call.given(KIND, "invoice")
    if invoice["status"] != "draft" or invoice["parent"] is not None:
        raise invalid("The sandbox adds invoice items to drafts without a subscription only.", "invoice")
    if given["customer"] != invoice["customer"] or given["currency"] != invoice["currency"]:
        raise invalid("The invoice item must have the customer and the currency of its invoice.", "invoice")
    return add_line(call, invoice, given["amount"], given.get("description"))


def create_pending_item(call: Call) -> Document:
    """An amount that the subscription's next invoice bills. Raises Refused where there will be none."""
    given = call.parameters
    subscription = call.given("subscription", "subscription")
    if subscription["customer"] != given["customer"]:
        raise invalid("The subscription belongs to another customer.", "subscription")
    if subscription["status"] in ENDED:
        raise invalid("The subscription has ended: no invoice of it will come.", "subscription")
    if subscription["currency"] != given["currency"]:
        raise invalid("The invoice item must have the currency of its subscription.", "currency")
    if "period" in given and given["period"]["end"] < given["period"]["start"]:
        raise invalid("The period must not end before it starts.", "period")
    return put_amount(call, subscription, given)


BY_BILL_ONLY = "You can only specify `days_until_due` or `due_date` if `collection_method` is `send_invoice`."
DUE_DATE_NEEDED = (
    "If invoice `collection_method` is set to 'send_invoice', you must specify either `due_date` or `days_until_due`."
)
OPERATIONS = [
    Operation("POST", "/v1/invoices", KIND, create, CREATE, "invoices:write"),
    Operation("POST", "/v1/invoiceitems", "invoiceitem", create_item, ITEM, "invoices:write"),
]
