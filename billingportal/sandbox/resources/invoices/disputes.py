"""Disputes: customers reclaim a payment through their bank."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import ONLY_EXPAND, PAGE, RANGE, TEXT
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

KIND = "dispute"
DAY = 24 * 3600
TEXTS = """
access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt
refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation shipping_address
shipping_carrier shipping_date shipping_documentation shipping_tracking_number uncategorized_file uncategorized_text
"""
CLOSED = ("lost", "warning_closed", "won")
STATUSES = ("needs_response", "under_review", "warning_needs_response", "warning_under_review", *CLOSED)
LIST = Record({"charge": TEXT, "created": RANGE, "payment_intent": TEXT, **PAGE})


def open_for(call: Call, charge: Document, status: str) -> Document:
    """A new dispute about all of a charge."""
    card = charge["payment_method_details"].get("card", {"brand": "visa", "network": "visa"})
    inquiry = status.startswith("warning")
    dispute = call.store.put(
        {
            "id": new_id("dp"),
            "object": KIND,
            "amount": charge["amount"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": call.now(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {**dict.fromkeys(TEXTS.split()), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": call.now() + 7 * DAY,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "is_charge_refundable": inquiry,
            "livemode": call.livemode,
            "metadata": {},
            "network_reason_code": "10.4",
            "payment_intent": charge["payment_intent"],
            "payment_method_details": {
                "card": {
                    "brand": card["brand"],
                    "case_type": "inquiry" if inquiry else "chargeback",
                    "network": card["network"],
                    "network_reason_code": "10.4",
                },
                "type": "card",
            },
            "reason": "fraudulent",
            "status": status,
        }
    )
    with updating(call, "charge.updated", charge):
        charge["disputed"] = True
    emit(call, "charge.dispute.created", dispute)
    if not inquiry:
        emit(call, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def move(call: Call, dispute: Document, status: str) -> None:
    """Change a dispute's status. Raises Refused for one that has been decided."""
    if dispute["status"] in CLOSED:
        raise invalid("This dispute is already closed.", code="dispute_closed")
    with updating(call, "charge.dispute.updated", dispute):
        dispute["status"] = status
    if status in CLOSED:
        emit(call, "charge.dispute.closed", dispute)
    if status == "won":
        emit(call, "charge.dispute.funds_reinstated", dispute)


def retrieve(call: Call, identifier: str) -> Document:
    """One dispute."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """Disputes, newest first."""
    tests = (equal(call, "charge", "payment_intent"), created_within(call))
    return page(call, KIND, "/v1/disputes", call.store.newest_first(KIND), *tests)


def close(call: Call, identifier: str) -> Document:
    """Close a dispute as lost."""
    dispute = call.need(KIND, identifier, KIND)
    move(call, dispute, "lost")
    return dispute


OPERATIONS = [
    Operation("GET", "/v1/disputes", KIND, index, LIST, "disputes:read"),
    Operation("GET", "/v1/disputes/{id}", KIND, retrieve, ONLY_EXPAND, "disputes:read"),
    Operation("POST", "/v1/disputes/{id}/close", KIND, close, ONLY_EXPAND, "disputes:write"),
]
