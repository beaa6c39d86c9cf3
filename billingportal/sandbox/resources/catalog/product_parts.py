"""Creates and changes products, for the product operations and for prices that bring their own product."""

from copy import deepcopy

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import merged, or_none
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id

KIND = "product"
NOTHING_YET: Document = {
    "object": KIND,
    "active": True,
    "default_price": None,
    "description": None,
    "images": [],
    "marketing_features": [],
    "metadata": {},
    "package_dimensions": None,
    "shippable": None,
    "statement_descriptor": None,
    "tax_code": None,
    "tax_details": None,
    "type": "service",
    "unit_label": None,
    "url": None,
}
PLAIN = ("active", "name", "shippable", "statement_descriptor", "tax_code", "unit_label", "url", "description", "type")


def make_product(call: Call, given: Document) -> Document:
    """A new product without a default price. Raises Refused for an id that is taken."""
    identifier = given.get("id", new_id("prod"))
    if call.store.find(KIND, identifier) is not None:
        raise invalid(f"Product already exists: {identifier}", "id", "resource_already_exists")
    moment = now()
    own = {"created": moment, "livemode": call.livemode, "updated": moment}
    product: Document = {"id": identifier, **deepcopy(NOTHING_YET), **own}
    apply(product, given)
    call.store.put(product)
    emit(call, "product.created", product)
    return product


def apply(product: Document, given: Document) -> None:
    """Put the given parameters into a product."""
    for name in PLAIN:
        if name in given:
            product[name] = or_none(given[name])
    for name in ("images", "marketing_features"):
        if name in given:
            product[name] = given[name] or []
    if "package_dimensions" in given:
        sizes = given["package_dimensions"] or {}
        product["package_dimensions"] = {name: float(size) for name, size in sizes.items()} or None
    if "tax_details" in given:
        details = given["tax_details"] or {}
        blank = {"performance_location": None, "tax_code": None}
        product["tax_details"] = {**blank, **{name: or_none(text) for name, text in details.items()}}
    if "metadata" in given:
        product["metadata"] = merged(product["metadata"], given["metadata"])
