"""Charges: single attempts to collect money."""

from copy import deepcopy

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import DECLINED
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id

KIND = "charge"
NOTHING_YET: Document = {
    "object": KIND,
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "calculated_statement_descriptor": None,
    "disputed": False,
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "fraud_details": {},
    "metadata": {},
    "on_behalf_of": None,
    "radar_options": {},
    "receipt_email": None,
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source": None,
    "source_transfer": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_data": None,
    "transfer_group": None,
    "_refunds": [],
}
OF_CARD = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
OF_ACCOUNT = ("bank_code", "branch_code", "country", "fingerprint", "last4")


def charge_for(call: Call, intent: Document, method: Document, status: str) -> Document:
    """The charge of an intent on a payment method, with this status; a pending debit gets its outcome."""
    pending = call.store.find(KIND, intent["latest_charge"] or "")
    if pending is not None and pending["status"] == "pending" and status != "pending":
        return decided(call, pending, method, status)
    charge: Document = {
        "id": new_id("ch"),
        **deepcopy(NOTHING_YET),
        "amount": intent["amount"],
        "amount_captured": 0,
        "billing_details": deepcopy(method["billing_details"]),
        "captured": False,
        "created": call.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "livemode": call.livemode,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": details_of(method),
        "status": "pending",
    }
    call.store.put(charge)
    if status == "pending":
        emit(call, "charge.pending", charge)
        return charge
    return decided(call, charge, method, status)


def decided(call: Call, charge: Document, method: Document, status: str) -> Document:
    """Mark a charge as succeeded or failed."""
    taken = status == "succeeded"
    code = None if taken else method["_decline_code"]
    charge.update(status=status, paid=taken, captured=taken, amount_captured=charge["amount"] if taken else 0)
    charge["outcome"] = {
        "advice_code": None if taken else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if taken else "declined_by_network",
        "reason": code,
        "risk_level": "normal",
        "seller_message": "Payment complete." if taken else "The bank did not return any further details.",
        "type": "authorized" if taken else "issuer_declined",
    }
    if code is not None:
        charge.update(failure_code="card_declined", failure_message=DECLINED[code])
    emit(call, f"charge.{status}", charge)
    return charge


def details_of(method: Document) -> Document:
    """The payment method's details as a charge stores them."""
    if method["type"] == "sepa_debit":
        part = {name: method["sepa_debit"][name] for name in OF_ACCOUNT}
        return {"sepa_debit": {**part, "mandate": None}, "type": "sepa_debit"}
    card = {name: deepcopy(method["card"][name]) for name in OF_CARD}
    more = {"mandate": None, "network": card["brand"], "three_d_secure": None, "authorization_code": None}
    return {"card": {**card, **more}, "type": "card"}
