"""Promotion codes: customers enter them to get a coupon."""

import re

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND, METADATA, ONLY_EXPAND, PAGE, RANGE, TEXT, TIMESTAMP, YES, merged
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page
from billingportal.sandbox.http.parameter_types import Choice, Integer, Text
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import letters, new_id
from billingportal.sandbox.state.store import Store

KIND = "promotion_code"
SPELLED = re.compile(r"[A-Za-z0-9-]+\Z")
PROMOTION = Record({"coupon": TEXT, "type": Choice("coupon")}, required=("type",))
RESTRICTIONS = Record(
    {"first_time_transaction": YES, "minimum_amount": Integer(least=1), "minimum_amount_currency": TEXT},
    absent=("currency_options",),
)
CREATE = Record(
    {
        "active": YES,
        "code": Text(500),
        "customer": TEXT,
        "expires_at": TIMESTAMP,
        "max_redemptions": Integer(least=1),
        "metadata": METADATA,
        "promotion": PROMOTION,
        "restrictions": RESTRICTIONS,
        **EXPAND,
    },
    required=("promotion",),
    retired={"coupon": "Received unknown parameter: coupon. Did you mean promotion?"},
    absent=("customer_account",),
)
UPDATE = Record({"active": YES, "metadata": METADATA, **EXPAND}, absent=("restrictions",))
LIST = Record(
    {"active": YES, "code": TEXT, "coupon": TEXT, "created": RANGE, "customer": TEXT, **PAGE},
    absent=("customer_account",),
)
NO_RESTRICTIONS = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}


def create(call: Call) -> Document:
    """A new code. Raises Refused for a code that is already active."""
    given = call.parameters
    if "coupon" not in given["promotion"]:
        raise invalid("Missing required param: promotion[coupon].", "promotion[coupon]", "parameter_missing")
    coupon = call.need("coupon", given["promotion"]["coupon"], "promotion[coupon]", status=400)
    restrictions = {**NO_RESTRICTIONS, **given.get("restrictions", {})}
    if (restrictions["minimum_amount"] is None) != (restrictions["minimum_amount_currency"] is None):
        raise invalid("`minimum_amount` and `minimum_amount_currency` go together.", "restrictions")
    if "customer" in given:
        call.given("customer", "customer")
    if given.get("expires_at", call.now() + 1) <= call.now():
        raise invalid("`expires_at` must be in the future.", "expires_at")
    code = given.get("code", letters(8).upper())
    check_code(call, code)
    made = call.store.put(
        {
            "id": new_id("promo"),
            "object": KIND,
            "active": given.get("active", True),
            "code": code,
            "created": call.now(),
            "customer": given.get("customer"),
            "customer_account": None,
            "expires_at": given.get("expires_at"),
            "livemode": call.livemode,
            "max_redemptions": given.get("max_redemptions"),
            "metadata": merged({}, given.get("metadata", {})),
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": restrictions,
            "times_redeemed": 0,
        }
    )
    emit(call, "promotion_code.created", made)
    return made


def check_code(call: Call, code: str) -> None:
    """Raises Refused for a code with characters that are not allowed, and for one that is already active."""
    if not SPELLED.match(code):
        raise invalid("Promotion codes may hold letters, digits and `-` only.", "code")
    if by_code(call.store, code) is not None:
        raise invalid(f"An active promotion code with `code: {code}` already exists.", "code")


def by_code(store: Store, code: str) -> Document | None:
    """The active promotion code that a customer typed, in any case."""
    wanted = code.strip().casefold()
    return next((one for one in store.living(KIND) if one["active"] and one["code"].casefold() == wanted), None)


def retrieve(call: Call, identifier: str) -> Document:
    """One promotion code."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """Promotion codes, newest first; the code is compared case-insensitively."""
    tests = (equal(call, "active", "customer"), created_within(call), with_coupon(call), spelled(call))
    return page(call, KIND, "/v1/promotion_codes", call.store.newest_first(KIND), *tests)


def with_coupon(call: Call) -> Test:
    """By coupon."""
    wanted = call.parameters.get("coupon")
    return lambda code: wanted is None or code["promotion"]["coupon"] == wanted


def spelled(call: Call) -> Test:
    """By the code itself."""
    wanted = call.parameters.get("code")
    return lambda code: wanted is None or code["code"].casefold() == wanted.casefold()


def update(call: Call, identifier: str) -> Document:
    """Activate or deactivate a code, or change its metadata."""
    code, given = call.need(KIND, identifier, KIND), call.parameters
    if given.get("active") and not code["active"]:
        check_code(call, code["code"])
    with updating(call, "promotion_code.updated", code):
        code["active"] = given.get("active", code["active"])
        if "metadata" in given:
            code["metadata"] = merged(code["metadata"], given["metadata"])
    return code


READ, WRITE = "promotion_codes:read", "promotion_codes:write"
PATH = "/v1/promotion_codes"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
]
