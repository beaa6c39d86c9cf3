"""Tax rates that the account defines itself."""

from decimal import Decimal

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import (
    CLEARABLE_TEXT,
    EXPAND,
    METADATA,
    ONLY_EXPAND,
    PAGE,
    RANGE,
    TEXT,
    YES,
    merged,
    or_none,
)
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameter_types import Number, Text
from billingportal.sandbox.http.parameters import CLEARED, Kind, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

KIND = "tax_rate"
TERMS: dict[str, Kind] = {
    "active": YES,
    "country": TEXT,
    "description": CLEARABLE_TEXT,
    "display_name": Text(100),
    "jurisdiction": CLEARABLE_TEXT,
    "metadata": METADATA,
    "state": TEXT,
    **EXPAND,
}
CREATE = Record(
    {**TERMS, "inclusive": YES, "percentage": Number(least=0)},
    required=("display_name", "inclusive", "percentage"),
    absent=("tax_type",),
)
UPDATE = Record(TERMS, absent=("tax_type",))


def create(call: Call) -> Document:
    """A new tax rate. Its percentage never changes. Raises Refused for more than 100 %."""
    given = call.parameters
    percentage: Decimal = given["percentage"]
    if percentage > 100:
        raise invalid("Invalid percentage: must be at most 100.", "percentage")
    rate = call.store.put(
        {
            "id": new_id("txr"),
            "object": KIND,
            "active": given.get("active", True),
            "country": given.get("country"),
            "created": call.now(),
            "description": or_none(given.get("description")),
            "display_name": given["display_name"],
            "effective_percentage": None,
            "flat_amount": None,
            "inclusive": given["inclusive"],
            "jurisdiction": or_none(given.get("jurisdiction")),
            "jurisdiction_level": None,
            "livemode": call.livemode,
            "metadata": merged({}, given.get("metadata", {})),
            "percentage": float(percentage),
            "rate_type": "percentage",
            "state": given.get("state"),
            "tax_type": None,
            "_percentage": format(percentage, "f"),
        }
    )
    emit(call, "tax_rate.created", rate)
    return rate


def retrieve(call: Call, identifier: str) -> Document:
    """One tax rate."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """Tax rates, newest first."""
    tests = (created_within(call), equal(call, "active", "inclusive"))
    return page(call, KIND, "/v1/tax_rates", call.store.newest_first(KIND), *tests)


def update(call: Call, identifier: str) -> Document:
    """Change words and metadata, or archive a rate: it goes on for those who have it."""
    rate, given = call.need(KIND, identifier, KIND), call.parameters
    with updating(call, "tax_rate.updated", rate):
        for name in ("active", "country", "description", "display_name", "jurisdiction", "state"):
            if name in given:
                rate[name] = or_none(given[name])
        if "metadata" in given:
            rate["metadata"] = merged(rate["metadata"], given["metadata"])
    return rate


def chosen(call: Call, given: object, path: str, kept: list[str] | None = None) -> list[str]:
    """The ids of the requested rates. Raises Refused for unknown ones, and for archived ones that are not `kept`."""
    if given == CLEARED or not isinstance(given, list):
        return []
    for identifier in given:
        rate = call.need(KIND, identifier, path, status=400)
        if not rate["active"] and identifier not in (kept or []):
            raise invalid(f"The tax rate {identifier} is archived.", path)
    return [str(identifier) for identifier in given]


READ, WRITE = "tax_rates:read", "tax_rates:write"
PATH = "/v1/tax_rates"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, Record({"active": YES, "created": RANGE, "inclusive": YES, **PAGE}), READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
]
