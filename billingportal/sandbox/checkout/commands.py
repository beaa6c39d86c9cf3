"""Checkout commands of the control API, in place of a browser."""

from billingportal.sandbox.checkout import completion as checkout_completion
from billingportal.sandbox.checkout.form_filling import filled
from billingportal.sandbox.checkout.opening import KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import NUMBERS, SEPA, TestCard
from billingportal.sandbox.reference.typed_cards import NOT_AUTHENTICATED


def complete_checkout(call: Call, given: Document) -> Document:
    """Submit the page: {session, card, promotion_code?, authentication?, and the page's fields by name}.

    `card` is a test number, `sepa`, or empty where the page does not ask. The answer has the session's state, and
    `declined` with the error message if the page would show the form again.
    """
    session = checkout_completion.look(call, call.need(KIND, given["session"], "session"))
    fields = {name: str(value) for name, value in given.items()}
    declined = None
    if session["status"] == "open":
        declined = tried(call, session, card_of(given.get("card", "")), fields)
    answer = {name: session[name] for name in ("status", "payment_status", "subscription")}
    return answer if declined is None else {**answer, "declined": declined}


def tried(call: Call, session: Document, card: TestCard | None, fields: dict[str, str]) -> str | None:
    """The error message of a refused submission; None when it succeeds."""
    if card is not None and card.asks and fields.get("authentication") == "fail":
        return NOT_AUTHENTICATED
    sizes, told = call.store.sizes(), len(call.events)
    try:
        checkout_completion.complete(call, session, filled(card, fields))
    except Refused as refused:
        call.store.cut_back(sizes)
        del call.events[told:]
        return refused.message
    return None


def card_of(number: str) -> TestCard | None:
    """The test card of a number. Raises ValueError for an unknown one."""
    if number == "":
        return None
    if number == "sepa":
        return SEPA
    if number not in NUMBERS:
        raise ValueError(f"card must be sepa or one of {', '.join(NUMBERS)}")
    return NUMBERS[number]


def expire_checkout(call: Call, given: Document) -> Document:
    """Expire the session: {session}."""
    session = checkout_completion.look(call, call.need(KIND, given["session"], "session"))
    checkout_completion.expire(call, session)
    return {"status": session["status"]}
