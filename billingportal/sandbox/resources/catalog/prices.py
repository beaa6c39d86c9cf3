"""Prices: immutable in money terms, archived rather than deleted."""

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import ONLY_EXPAND, merged, or_none
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog import price_parameters
from billingportal.sandbox.resources.catalog.price_parts import money_parts, with_options
from billingportal.sandbox.resources.catalog.product_parts import make_product
from billingportal.sandbox.state.changes import emit, updating
from billingportal.sandbox.state.identifiers import new_id

KIND = "price"


def create(call: Call) -> Document:
    """A new price, of an existing product or of one created with it."""
    given = call.parameters
    check_lookup_key(call, given, None)
    parts = money_parts(call, given)
    price: Document = {
        "id": new_id("price"),
        "object": KIND,
        "active": given.get("active", True),
        "created": now(),
        "livemode": call.livemode,
        "lookup_key": None,
        "metadata": merged({}, given.get("metadata", {})),
        "nickname": given.get("nickname"),
        "product": product_for(call),
        **parts,
        "_inline": False,
    }
    take_lookup_key(call, price, given)
    call.store.put(price)
    emit(call, "price.created", price)
    return price


def product_for(call: Call) -> str:
    """The id of the price's product. Raises Refused when it is unknown or archived."""
    given = call.parameters
    if ("product" in given) == ("product_data" in given):
        raise invalid("You must specify either `product` or `product_data` when creating a price.", "product")
    if "product_data" in given:
        return str(make_product(call, given["product_data"])["id"])
    product = call.given("product", "product")
    if not product["active"]:
        message = "The product specified is inactive. This field only accepts active products."
        raise invalid(message, "product")
    return str(product["id"])


def holder_of(call: Call, lookup_key: str) -> Document | None:
    """The price that has a lookup key now."""
    prices = call.store.living(KIND)
    return next((price for price in prices if price["lookup_key"] == lookup_key), None)


def check_lookup_key(call: Call, given: Document, price: Document | None) -> None:
    """Raises Refused for a key that another price has, unless the request transfers it."""
    key = given.get("lookup_key")
    holder = holder_of(call, key) if key else None
    if holder is not None and holder is not price and not given.get("transfer_lookup_key"):
        message = f"A price (`{holder['id']}`) already uses that lookup key."
        raise invalid(message, "lookup_key")


def take_lookup_key(call: Call, price: Document, given: Document) -> None:
    """Give the key to a price, taking it from the one that has it."""
    key = given.get("lookup_key")
    holder = holder_of(call, key) if key else None
    if holder is not None and holder is not price:
        with updating(call, "price.updated", holder):
            holder["lookup_key"] = None
    if "lookup_key" in given:
        price["lookup_key"] = or_none(key)


def retrieve(call: Call, identifier: str) -> Document:
    """One price."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """Active prices, newest first; archived ones on request, those made within a subscription never."""
    active = call.parameters.get("active", True)
    tests = (
        lambda price: price["active"] == active and not price["_inline"],
        equal(call, "currency", "product", "type"),
        created_within(call),
        keyed(call),
        recurs(call),
    )
    return page(call, KIND, "/v1/prices", call.store.newest_first(KIND), *tests)


def keyed(call: Call) -> Test:
    """By lookup key."""
    keys = call.parameters.get("lookup_keys")
    return lambda price: keys is None or price["lookup_key"] in keys


def recurs(call: Call) -> Test:
    """By interval, meter and usage type."""
    wanted = call.parameters.get("recurring", {})
    return lambda price: all((price["recurring"] or {}).get(name) == value for name, value in wanted.items())


def update(call: Call, identifier: str) -> Document:
    """Change attributes other than money, and the amounts in other currencies."""
    price = call.need(KIND, identifier, KIND)
    given = call.parameters
    check_update(call, price, given)
    with updating(call, "price.updated", price):
        take_lookup_key(call, price, given)
        for name in ("active", "nickname", "tax_behavior"):
            if name in given:
                price[name] = or_none(given[name])
        if "metadata" in given:
            price["metadata"] = merged(price["metadata"], given["metadata"])
        if "currency_options" in given:
            price["currency_options"] = with_options(price, given["currency_options"])
    return price


def check_update(call: Call, price: Document, given: Document) -> None:
    """Raises Refused for changes that are not allowed."""
    check_lookup_key(call, given, price)
    if given.get("active") is False and call.store.objects["product"][price["product"]]["default_price"] == price["id"]:
        raise invalid("This price cannot be archived because it is the default price of its product.", "active")
    frozen = price["tax_behavior"] != "unspecified"
    if frozen and given.get("tax_behavior", price["tax_behavior"]) != price["tax_behavior"]:
        raise invalid("You cannot change the tax behavior of a price once it is set.", "tax_behavior")


OPERATIONS = [
    Operation("POST", "/v1/prices", KIND, create, price_parameters.CREATE, "prices:write"),
    Operation("GET", "/v1/prices", KIND, index, price_parameters.LIST, "prices:read"),
    Operation("GET", "/v1/prices/{id}", KIND, retrieve, ONLY_EXPAND, "prices:read"),
    Operation("POST", "/v1/prices/{id}", KIND, update, price_parameters.UPDATE, "prices:write"),
]
