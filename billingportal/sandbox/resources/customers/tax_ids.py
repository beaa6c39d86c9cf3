"""A customer's tax ids."""

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND, ONLY_EXPAND, PAGE, TEXT
from billingportal.sandbox.http.lists import Page, page
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.presentation import parts
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.tax_id_types import COUNTRIES, TYPES
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id

KIND = "tax_id"
MOST = 5
CREATE = Record({"type": Choice(*TYPES), "value": TEXT, **EXPAND}, required=("type", "value"))
# Stripe's test values.
CHECKED = {"000000000": "verified", "111111111": "unverified", "222222222": "pending"}
CHECKABLE = ("au_abn", "eu_vat", "gb_vat")


def create(call: Call, identifier: str) -> Document:
    """A new tax id of a customer."""
    customer = call.need("customer", identifier, "id")
    return add(call, customer, call.parameters["type"], call.parameters["value"])


def add(call: Call, customer: Document, kind: str, value: str) -> Document:
    """Give a customer a tax id. Raises Refused for one too many, and for a value not in the country's format."""
    country = value[:2].upper() if kind == "eu_vat" else COUNTRIES.get(kind)
    if kind == "eu_vat" and not (country or "").isalpha():
        raise invalid("Invalid value for eu_vat.", "value", "tax_id_invalid")
    if len(of(call, customer)) >= MOST:
        raise invalid(f"A customer can have at most {MOST} tax ids.", "value")
    status = CHECKED.get("".join(filter(str.isdigit, value)), "pending") if kind in CHECKABLE else "unavailable"
    tax_id = call.store.put(
        {
            "id": new_id("txi"),
            "object": KIND,
            "country": country,
            "created": call.now(),
            "customer": customer["id"],
            "customer_account": None,
            "livemode": call.livemode,
            "owner": {
                "account": None,
                "application": None,
                "customer": customer["id"],
                "customer_account": None,
                "type": "customer",
            },
            "type": kind,
            "value": value,
            "verification": {"status": status, "verified_address": None, "verified_name": None},
        }
    )
    customer["_tax_ids"].append(tax_id["id"])
    emit(call, "customer.tax_id.created", tax_id)
    return tax_id


def of(call: Call, customer: Document) -> list[Document]:
    """A customer's tax ids, newest first."""
    return parts(call.store, KIND, customer["_tax_ids"])[::-1]


def index(call: Call, identifier: str) -> Page:
    """A customer's tax ids."""
    customer = call.need("customer", identifier, "id")
    return page(call, KIND, f"/v1/customers/{identifier}/tax_ids", of(call, customer))


def retrieve(call: Call, identifier: str, tax_id: str) -> Document:
    """One tax id of a customer."""
    found = call.need(KIND, tax_id, "id")
    if found["customer"] != identifier:
        raise call.absent(KIND, tax_id, "id")
    return found


def delete(call: Call, identifier: str, tax_id: str) -> Document:
    """Remove a tax id from its customer."""
    found = retrieve(call, identifier, tax_id)
    remove(call, found)
    return found


def remove(call: Call, tax_id: Document) -> None:
    """Remove a tax id from its customer."""
    emit(call, "customer.tax_id.deleted", tax_id)
    tax_id["deleted"] = True


PATH = "/v1/customers/{customer}/tax_ids"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, "customers:write"),
    Operation("GET", PATH, KIND, index, Record(PAGE), "customers:read"),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, "customers:read"),
    Operation("DELETE", f"{PATH}/{{id}}", KIND, delete, ONLY_EXPAND, "customers:write"),
]
