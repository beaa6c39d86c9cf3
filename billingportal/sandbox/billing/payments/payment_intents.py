"""The payment intent of each invoice, and its charges."""

from copy import deepcopy

from billingportal.sandbox.billing.payments.charges import charge_for
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.presentation import present
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import DECLINED
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import letters, new_id

KIND = "payment_intent"
NOTHING_YET: Document = {
    "object": KIND,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "capture_method": "automatic",
    "confirmation_method": "automatic",
    "customer_account": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "metadata": {},
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card", "sepa_debit"],
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": "off_session",
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "requires_payment_method",
    "transfer_data": None,
    "transfer_group": None,
}


def expect(call: Call, invoice: Document) -> Document:
    """Create the payment intent and invoice payment of an open invoice."""
    identifier = new_id("pi")
    intent = call.store.put(
        {
            "id": identifier,
            **deepcopy(NOTHING_YET),
            "amount": invoice["amount_due"],
            "client_secret": f"{identifier}_secret_{letters(25)}",
            "created": call.now(),
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": described(invoice),
            "livemode": call.livemode,
        }
    )
    payment = call.store.put(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": call.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": call.livemode,
            "payment": {"payment_intent": identifier, "type": KIND},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
    invoice["_payments"].append(payment["id"])
    invoice["confirmation_secret"] = {"client_secret": intent["client_secret"], "type": KIND}
    emit(call, "payment_intent.created", intent)
    return intent


def described(invoice: Document) -> str:
    """The description of an invoice's payment."""
    if invoice["parent"] is None:
        return "Payment for Invoice"
    return "Subscription " + str(invoice["billing_reason"]).removeprefix("subscription_").replace("_", " ")


def payment_of(call: Call, invoice: Document) -> Document:
    """The invoice's payment that is not canceled; made if there is none yet."""
    payments = call.store.objects.get("invoice_payment", {})
    standing = [payments[one] for one in invoice["_payments"] if payments[one]["status"] != "canceled"]
    if not standing:
        expect(call, invoice)
        return call.store.objects["invoice_payment"][invoice["_payments"][-1]]
    return standing[-1]


def intent_of(call: Call, invoice: Document) -> Document:
    """The payment intent of an invoice."""
    return call.store.objects[KIND][payment_of(call, invoice)["payment"]["payment_intent"]]


def succeed(call: Call, invoice: Document, method: Document) -> None:
    """Mark charge, intent and invoice payment as succeeded."""
    payment = payment_of(call, invoice)
    intent = call.store.objects[KIND][payment["payment"]["payment_intent"]]
    charge = charge_for(call, intent, method, "succeeded")
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=method["id"],
        processing=None,
    )
    payment.update(status="paid", amount_paid=intent["amount"])
    payment["status_transitions"]["paid_at"] = call.now()
    emit(call, "payment_intent.succeeded", intent)
    emit(call, "invoice_payment.paid", payment)


def decline(call: Call, invoice: Document, method: Document) -> None:
    """Record a declined charge; the next attempt uses the same intent."""
    intent = intent_of(call, invoice)
    charge = charge_for(call, intent, method, "failed")
    intent.update(status="requires_payment_method", latest_charge=charge["id"], next_action=None, payment_method=None)
    intent["processing"] = None
    intent["last_payment_error"] = {
        "charge": charge["id"],
        "code": "card_declined",
        "decline_code": method["_decline_code"],
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": DECLINED[method["_decline_code"]],
        "payment_method": present(call.store, method),
        "payment_method_type": method["type"],
        "type": "card_error",
    }
    emit(call, "payment_intent.payment_failed", intent)


def ask(call: Call, invoice: Document, method: Document) -> None:
    """Mark the intent as requiring the customer's confirmation."""
    intent = intent_of(call, invoice)
    intent.update(status="requires_action", payment_method=method["id"])
    page = {"return_url": None, "url": invoice["hosted_invoice_url"]}
    intent["next_action"] = {"redirect_to_url": page, "type": "redirect_to_url"}
    emit(call, "payment_intent.requires_action", intent)


def process(call: Call, invoice: Document, method: Document) -> None:
    """Mark the intent as processing; the debit is decided later."""
    intent = intent_of(call, invoice)
    charge = charge_for(call, intent, method, "pending")
    intent.update(status="processing", latest_charge=charge["id"], payment_method=method["id"], next_action=None)
    emit(call, "payment_intent.processing", intent)


def cancel(call: Call, invoice: Document, reason: str) -> None:
    """Cancel the payment: the invoice is void, or was paid outside Stripe."""
    payments = call.store.objects.get("invoice_payment", {})
    for payment in (payments[one] for one in invoice["_payments"]):
        if payment["status"] == "open":
            payment["status"] = "canceled"
            payment["status_transitions"]["canceled_at"] = call.now()
            intent = call.store.objects[KIND][payment["payment"]["payment_intent"]]
            intent.update(status="canceled", canceled_at=call.now(), cancellation_reason=reason, next_action=None)
            emit(call, "payment_intent.canceled", intent)
