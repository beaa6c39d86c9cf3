"""Checkout sessions."""

from billingportal.sandbox.checkout import completion as checkout_completion
from billingportal.sandbox.checkout import opening
from billingportal.sandbox.checkout.opening import KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.fields import ONLY_EXPAND, merged
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.hosted import checkout_parameters


def create(call: Call) -> Document:
    """A new session."""
    return opening.create(call)


def retrieve(call: Call, identifier: str) -> Document:
    """One session."""
    return checkout_completion.look(call, call.need(KIND, identifier, "session"))


def index(call: Call) -> Page:
    """Sessions, newest first."""
    tests = (equal(call, "customer", "payment_intent", "payment_link", "status", "subscription"), created_within(call))
    everyone = (checkout_completion.look(call, session) for session in call.store.newest_first(KIND))
    return page(call, KIND, "/v1/checkout/sessions", everyone, *tests, with_email(call))


def with_email(call: Call) -> Test:
    """By the customer's known e-mail address."""
    wanted = call.parameters.get("customer_details", {}).get("email")
    return lambda session: wanted is None or (session["customer_details"] or {}).get("email") == wanted


def update(call: Call, identifier: str) -> Document:
    """Change the metadata."""
    session = retrieve(call, identifier)
    session["metadata"] = merged(session["metadata"], call.parameters.get("metadata", {}))
    return session


def expire(call: Call, identifier: str) -> Document:
    """End an open session."""
    session = retrieve(call, identifier)
    checkout_completion.expire(call, session)
    return session


def lines(call: Call, identifier: str) -> Page:
    """A session's lines in their order."""
    session = call.need(KIND, identifier, "session")
    found = (call.store.objects["item"][line] for line in session["_line_items"])
    return page(call, "item", f"/v1/checkout/sessions/{identifier}/line_items", found)


READ, WRITE = "checkout_sessions:read", "checkout_sessions:write"
PATH = "/v1/checkout/sessions"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, checkout_parameters.CREATE, WRITE),
    Operation("GET", PATH, KIND, index, checkout_parameters.LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, checkout_parameters.UPDATE, WRITE),
    Operation("POST", f"{PATH}/{{id}}/expire", KIND, expire, ONLY_EXPAND, WRITE),
    Operation("GET", f"{PATH}/{{id}}/line_items", "item", lines, checkout_parameters.LINES, READ),
]
