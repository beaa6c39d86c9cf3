"""Refunds: money returned to the payment method."""

from decimal import Decimal

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import EXPAND, METADATA, ONLY_EXPAND, PAGE, RANGE, TEXT, merged
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameter_types import Choice, Integer
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import spelled
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

KIND = "refund"
CREATE = Record(
    {
        "amount": Integer(least=1),
        "charge": TEXT,
        "metadata": METADATA,
        "payment_intent": TEXT,
        "reason": Choice("duplicate", "fraudulent", "requested_by_customer"),
        **EXPAND,
    },
    absent=("currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"),
)
UPDATE = Record({"metadata": METADATA, **EXPAND})
LIST = Record({"charge": TEXT, "created": RANGE, "payment_intent": TEXT, **PAGE})
NEITHER = "One of the following params should be provided for this request: payment_intent or charge."


def create(call: Call) -> Document:
    """Refund a charge, or a part of it. Raises Refused where nothing was paid, or no more is left."""
    charge = charge_for(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise Refused(message, code="charge_already_refunded")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refused(message, code="charge_disputed")
    amount = call.parameters.get("amount", left)
    if amount > left:
        asked, there = (spelled(Decimal(minor), charge["currency"]) for minor in (amount, left))
        raise invalid(f"Refund amount ({asked}) is greater than unrefunded amount on charge ({there})", "amount")
    return made(call, charge, amount)


def charge_for(call: Call) -> Document:
    """The charge to refund. Raises Refused."""
    given = call.parameters
    if not given.keys() & {"charge", "payment_intent"}:
        raise invalid(NEITHER)
    if "charge" in given:
        charge = call.given("charge", "charge")
    else:
        intent = call.given("payment_intent", "payment_intent")
        charge = call.store.objects["charge"].get(intent["latest_charge"], {"status": "failed"})
    if charge["status"] != "succeeded":
        raise invalid("This PaymentIntent does not have a successful charge to refund.", "payment_intent")
    return charge


def made(call: Call, charge: Document, amount: int) -> Document:
    """The refund of an amount of minor units."""
    refund = call.store.put(
        {
            "id": new_id("re"),
            "object": KIND,
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": call.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": destination(charge),
            "metadata": merged({}, call.parameters.get("metadata", {})),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": call.parameters.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        }
    )
    charge["_refunds"].append(refund["id"])
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    emit(call, "refund.created", refund)
    emit(call, "charge.refunded", charge)
    return refund


def destination(charge: Document) -> Document:
    """The refund's destination details."""
    kind = charge["payment_method_details"]["type"]
    if kind == "card":
        return {"card": {"reference_status": "pending", "reference_type": None, "type": "refund"}, "type": "card"}
    return {"type": kind}


def fail(call: Call, refund: Document) -> None:
    """Fail a refund: the bank returns the money to the partner. Raises Refused for one that has failed already."""
    if refund["status"] != "succeeded":
        raise invalid(f"The refund is {refund['status']}.")
    charge = call.store.objects["charge"][refund["charge"]]
    with updating(call, "charge.updated", charge):
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
    with updating(call, "refund.updated", refund):
        refund.update(status="failed", failure_reason="expired_or_canceled_card", failure_balance_transaction=None)
    emit(call, "refund.failed", refund)


def retrieve(call: Call, identifier: str) -> Document:
    """One refund."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """Refunds, newest first."""
    tests = (equal(call, "charge", "payment_intent"), created_within(call))
    return page(call, KIND, "/v1/refunds", call.store.newest_first(KIND), *tests)


def update(call: Call, identifier: str) -> Document:
    """Change the metadata."""
    refund = call.need(KIND, identifier, "id")
    with updating(call, "refund.updated", refund):
        refund["metadata"] = merged(refund["metadata"], call.parameters.get("metadata", {}))
    return refund


READ, WRITE = "refunds:read", "refunds:write"
OPERATIONS = [
    Operation("POST", "/v1/refunds", KIND, create, CREATE, WRITE),
    Operation("GET", "/v1/refunds", KIND, index, LIST, READ),
    Operation("GET", "/v1/refunds/{id}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", "/v1/refunds/{id}", KIND, update, UPDATE, WRITE),
]
