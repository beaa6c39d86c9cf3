"""Completes a submitted checkout session: all of it, or nothing."""

from copy import deepcopy
from dataclasses import dataclass, field, replace

from billingportal.sandbox.billing.subscription import creation as subscription_creation
from billingportal.sandbox.checkout.quotes import lines_of, requote, terms
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import TestCard
from billingportal.sandbox.resources.catalog import promotion_codes
from billingportal.sandbox.resources.customers import customers as customer_customers
from billingportal.sandbox.resources.customers import payment_methods, tax_ids
from billingportal.sandbox.state.changes import emit, updating


@dataclass(frozen=True)
class Filled:
    """The submitted form of the page."""

    card: TestCard | None
    name: str = ""
    email: str = ""
    address: Document = field(default_factory=dict)
    tax_id: tuple[str, str] | None = None
    quantities: dict[str, int] = field(default_factory=dict)
    accepts_terms: bool = False
    promotion_code: str = ""


def needs_method(session: Document) -> bool:
    """Whether the page asks for a payment method."""
    return bool(session["payment_method_collection"] == "always" or session["amount_total"] > 0)


def complete(call: Call, session: Document, filled: Filled) -> None:
    """Create the subscription and its first invoice, paid or processing; the customer has confirmed what banks ask.

    Raises Refused, without any change, when the card is declined or something is missing.
    """
    kept = [(document, deepcopy(document)) for document in touched(call, session)]
    try:
        check_filled(session, filled)
        fill_in(call, session, filled)
        if filled.card is not None:
            check_card(filled.card, session["amount_total"])
        customer = customer_for(call, session, filled)
        subscription = subscribe(call, session, customer, filled)
    except Refused:
        for document, before in kept:
            document.clear()
            document.update(before)
        raise
    close(call, session, subscription, filled)


def touched(call: Call, session: Document) -> list[Document]:
    """The stored objects that may change: the session with its lines, and its customer."""
    customer = call.store.find("customer", session["customer"] or "")
    return [session, *lines_of(call, session), *([] if customer is None else [customer])]


def close(call: Call, session: Document, subscription: Document, filled: Filled) -> None:
    """Mark the session as complete."""
    invoice = call.store.find("invoice", subscription["latest_invoice"] or "")
    if invoice is not None:
        invoice["_session"] = session["id"]
    paid = "no_payment_required" if session["amount_total"] == 0 else "paid"
    session.update(
        customer=subscription["customer"],
        invoice=subscription["latest_invoice"],
        payment_status="unpaid" if invoice is not None and "_processing" in invoice else paid,
        status="complete",
        subscription=subscription["id"],
        url=None,
    )
    session["collected_information"] = {"business_name": None, "individual_name": None, "shipping_details": None}
    if session["consent_collection"]:
        accepted = "accepted" if filled.accepts_terms else None
        session["consent"] = {"promotions": None, "terms_of_service": accepted}
    emit(call, "checkout.session.completed", session)


def check_filled(session: Document, filled: Filled) -> None:
    """Raises Refused for missing fields of the page."""
    if needs_method(session) and filled.card is None:
        raise invalid("Please enter how you want to pay.")
    if session["customer"] is None and not (filled.email or session["customer_email"]):
        raise invalid("Please enter your e-mail address.")
    if asks_address(session) and not filled.address.get("country"):
        raise invalid("Please enter your address.")
    if (session["consent_collection"] or {}).get("terms_of_service") == "required" and not filled.accepts_terms:
        raise invalid("Please accept the terms of service.")


def asks_address(session: Document) -> bool:
    """Whether the page asks for the billing address."""
    known = (session["customer_details"] or {}).get("address") or {}
    required = session["billing_address_collection"] == "required"
    return required or (session["automatic_tax"]["enabled"] and not known.get("country"))


def fill_in(call: Call, session: Document, filled: Filled) -> None:
    """Put the form's fields into the session, and recompute its amounts."""
    known = session["customer_details"] or dict.fromkeys(DETAILS)
    typed = {"name": filled.name, "email": filled.email or session["customer_email"]}
    session["customer_details"] = {**known, **{name: text for name, text in typed.items() if text}}
    session["customer_details"]["tax_exempt"] = known["tax_exempt"] or "none"
    if filled.address:
        session["customer_details"]["address"] = customer_customers.address(filled.address)
    kind, value = filled.tax_id or (None, None)
    session["customer_details"]["tax_ids"] = [{"type": kind, "value": value}] if value else []
    for line in lines_of(call, session):
        if line["id"] in filled.quantities and (line["adjustable_quantity"] or {}).get("enabled"):
            line["quantity"] = filled.quantities[line["id"]]
    if filled.promotion_code and session["allow_promotion_codes"]:
        apply_code(call, session, filled.promotion_code)
    requote(call, session)


def apply_code(call: Call, session: Document, typed: str) -> None:
    """Apply a promotion code's discount. Raises Refused, without any change, for an invalid code."""
    code = promotion_codes.by_code(call.store, typed)
    if code is None:
        raise invalid("This code is invalid.")
    before = session["discounts"]
    session["discounts"] = [{"coupon": None, "promotion_code": code["id"]}]
    try:
        requote(call, session)
    except Refused:
        session["discounts"] = before
        raise


def check_card(card: TestCard, due: int) -> None:
    """Raises Refused (402) for a card that cannot be saved, or cannot pay what is due now."""
    if not card.attaches or (due > 0 and card.outcome == "fails"):
        raise payment_methods.declined(card.decline_code)


def customer_for(call: Call, session: Document, filled: Filled) -> Document:
    """The session's customer with the form's details, or a new customer."""
    details = session["customer_details"]
    if session["customer"] is None:
        given = {name: details[name] for name in ("email", "name", "phone") if details[name]}
        if details["address"]:
            given["address"] = {key: value for key, value in details["address"].items() if value}
        customer = customer_customers.create(replace(call, parameters=given))
    else:
        customer = call.need("customer", session["customer"], "customer", status=400)
        wanted = {name for name, value in session["_customer_update"].items() if value == "auto"}
        with updating(call, "customer.updated", customer):
            if "address" in wanted and details["address"]:
                customer["address"] = details["address"]
            if "name" in wanted and filled.name:
                customer["name"] = filled.name
    if filled.tax_id is not None and session["tax_id_collection"]["enabled"]:
        tax_ids.add(call, customer, *filled.tax_id)
    return customer


def subscribe(call: Call, session: Document, customer: Document, filled: Filled) -> Document:
    """Create the subscription, paid with the submitted payment method."""
    parameters: Document = {**terms(call, session), "customer": customer["id"], "_checkout_session": session["id"]}
    if filled.card is None:
        parameters["payment_behavior"] = "default_incomplete"
    else:
        details = {"name": filled.name or None, "email": session["customer_details"]["email"]}
        method = payment_methods.attach_card(call, filled.card, customer["id"], details)
        parameters["default_payment_method"] = method["id"]
    return subscription_creation.create(replace(call, parameters=parameters, confirmed=True))


def expire(call: Call, session: Document) -> None:
    """Expire the session: it can no longer be paid. Raises Refused unless it is open."""
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
        raise Refused(message)
    session.update(status="expired", url=None)
    emit(call, "checkout.session.expired", session)


def look(call: Call, session: Document) -> Document:
    """The session as it is now; expires it first if its time has passed."""
    call.play_at(session)
    if session["status"] == "open" and call.real_now() >= session["expires_at"]:
        expire(call, session)
    return session


DETAILS = ("address", "business_name", "email", "individual_name", "name", "phone", "tax_exempt", "tax_ids")
