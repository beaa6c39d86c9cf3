"""Coupons."""

import re
from decimal import Decimal

from billingportal.sandbox.billing.invoicing.redemption import over, used_up
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import (
    EXPAND,
    METADATA,
    ONLY_EXPAND,
    PAGE,
    RANGE,
    TEXT,
    TIMESTAMP,
    merged,
    or_none,
)
from billingportal.sandbox.http.lists import Page, created_within, page
from billingportal.sandbox.http.parameter_types import Choice, Integer, Number, Text
from billingportal.sandbox.http.parameters import Clearable, Many, Record, Table
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import check_currency
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import letters

KIND = "coupon"
NAMED = re.compile(r"[A-Za-z0-9_-]+\Z")
LONGEST = 5 * 366 * 24 * 3600
OPTIONS = Table(Record({"amount_off": Integer(least=1)}, required=("amount_off",)))
CREATE = Record(
    {
        "amount_off": Integer(least=1),
        "applies_to": Record({"products": Many(TEXT)}),
        "currency": TEXT,
        "currency_options": OPTIONS,
        "duration": Choice("forever", "once", "repeating"),
        "duration_in_months": Integer(least=1),
        "id": Text(200),
        "max_redemptions": Integer(least=1),
        "metadata": METADATA,
        "name": Text(40),
        "percent_off": Number(least=0),
        "redeem_by": TIMESTAMP,
        **EXPAND,
    }
)
UPDATE = Record({"currency_options": OPTIONS, "metadata": METADATA, "name": Clearable(Text(40)), **EXPAND})


def create(call: Call) -> Document:
    """A new coupon. Raises Refused unless exactly one of amount and percentage is given."""
    given = call.parameters
    check(call, given)
    percent: Decimal | None = given.get("percent_off")
    coupon = call.store.put(
        {
            "id": given.get("id", letters(8)),
            "object": KIND,
            "amount_off": given.get("amount_off"),
            "applies_to": given.get("applies_to"),
            "created": call.now(),
            "currency": given["currency"].lower() if "amount_off" in given else None,
            "currency_options": given.get("currency_options", {}),
            "duration": given.get("duration", "once"),
            "duration_in_months": given.get("duration_in_months"),
            "livemode": call.livemode,
            "max_redemptions": given.get("max_redemptions"),
            "metadata": merged({}, given.get("metadata", {})),
            "name": given.get("name"),
            "percent_off": None if percent is None else float(percent),
            "redeem_by": given.get("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
            "_percent_off": None if percent is None else format(percent, "f"),
        }
    )
    emit(call, "coupon.created", coupon)
    return coupon


def check(call: Call, given: Document) -> None:
    """Raises Refused for parameters that make no valid coupon."""
    identifier = given.get("id", "x")
    known = call.store.find(KIND, identifier)
    if known is not None and not known.get("deleted"):
        raise Refused("Coupon already exists.", code="resource_already_exists", param="id")
    if not NAMED.match(identifier):
        raise invalid("Coupon ids may hold letters, digits, `-` and `_` only.", "id")
    if ("amount_off" in given) == ("percent_off" in given):
        raise invalid("You must pass exactly one of `percent_off` and `amount_off`.")
    if "amount_off" in given and "currency" not in given:
        raise invalid("You must pass `currency` when passing `amount_off`.", "currency", "parameter_missing")
    if "amount_off" in given:
        check_currency(given["currency"], "currency")
    if not 0 < given.get("percent_off", 1) <= 100:
        raise invalid("Invalid percent_off: must be greater than 0 and at most 100.", "percent_off")
    if (given.get("duration") == "repeating") != ("duration_in_months" in given):
        message = "`duration_in_months` has to be passed when `duration` is `repeating`, and only then."
        raise invalid(message, "duration_in_months")
    if not call.now() < given.get("redeem_by", call.now() + 1) <= call.now() + LONGEST:
        raise invalid("`redeem_by` must be in the future, and at most five years from now.", "redeem_by")
    for product in given.get("applies_to", {}).get("products", []):
        call.need("product", product, "applies_to[products]", status=400)


def retrieve(call: Call, identifier: str) -> Document:
    """One coupon, as valid as it is now."""
    return looked_at(call, call.need(KIND, identifier, KIND))


def looked_at(call: Call, coupon: Document) -> Document:
    """Update whether a coupon is valid: not expired, and redeemed less often than allowed."""
    coupon["valid"] = not used_up(coupon) and not over(coupon["redeem_by"], call)
    return coupon


def index(call: Call) -> Page:
    """Coupons, newest first."""
    found = (looked_at(call, coupon) for coupon in call.store.newest_first(KIND))
    return page(call, KIND, "/v1/coupons", found, created_within(call))


def update(call: Call, identifier: str) -> Document:
    """Change the name, the metadata, or the amounts in other currencies."""
    coupon, given = call.need(KIND, identifier, KIND), call.parameters
    with updating(call, "coupon.updated", coupon):
        if "name" in given:
            coupon["name"] = or_none(given["name"])
        if "metadata" in given:
            coupon["metadata"] = merged(coupon["metadata"], given["metadata"])
        coupon["currency_options"] = {**coupon["currency_options"], **given.get("currency_options", {})}
    return coupon


def delete(call: Call, identifier: str) -> Document:
    """Delete a coupon: no new redemptions; existing discounts stay."""
    coupon = call.need(KIND, identifier, KIND)
    emit(call, "coupon.deleted", coupon)
    coupon["deleted"] = True
    return coupon


READ, WRITE = "coupons:read", "coupons:write"
PATH = "/v1/coupons"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, Record({"created": RANGE, **PAGE}), READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
    Operation("DELETE", f"{PATH}/{{id}}", KIND, delete, ONLY_EXPAND, WRITE),
]
