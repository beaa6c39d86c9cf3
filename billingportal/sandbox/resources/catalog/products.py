"""Products."""

from dataclasses import replace

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import (
    CLEARABLE_TEXT,
    EXPAND,
    INTERVAL,
    METADATA,
    ONLY_EXPAND,
    PAGE,
    RANGE,
    TAX_BEHAVIOR,
    TEXT,
    YES,
)
from billingportal.sandbox.http.lists import Page, created_within, equal, page
from billingportal.sandbox.http.parameter_types import Choice, Integer, Number, Text
from billingportal.sandbox.http.parameters import Clearable, Kind, Many, Record, Table
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import check_currency
from billingportal.sandbox.resources.catalog import prices
from billingportal.sandbox.resources.catalog.price_parameters import CURRENCY_OPTION, CUSTOM_AMOUNT
from billingportal.sandbox.resources.catalog.price_parts import check_amounts
from billingportal.sandbox.resources.catalog.product_parts import KIND, apply, make_product
from billingportal.sandbox.state.changes import emit, updating

FEATURES = Many(Record({"name": Text(80)}, required=("name",)), most=15)
SIZES = ("height", "length", "weight", "width")
PACKAGE = Record({name: Number() for name in SIZES}, required=SIZES)
COMMON: dict[str, Kind] = {
    "active": YES,
    "metadata": METADATA,
    "name": TEXT,
    "shippable": YES,
    "statement_descriptor": Text(22),
    "tax_code": TEXT,
    "tax_details": Clearable(Record({"performance_location": TEXT, "tax_code": CLEARABLE_TEXT})),
    **EXPAND,
}
DEFAULT_PRICE = Record(
    {
        "currency": TEXT,
        "currency_options": Table(CURRENCY_OPTION),
        "custom_unit_amount": CUSTOM_AMOUNT,
        "metadata": METADATA,
        "recurring": Record({"interval": INTERVAL, "interval_count": Integer(least=1)}, required=("interval",)),
        "tax_behavior": TAX_BEHAVIOR,
        "unit_amount": Integer(least=0),
        "unit_amount_decimal": Number(least=0),
    },
    required=("currency",),
)
CREATE = Record(
    {
        **COMMON,
        "id": TEXT,
        "description": TEXT,
        "default_price_data": DEFAULT_PRICE,
        "images": Many(TEXT, most=8),
        "marketing_features": FEATURES,
        "package_dimensions": PACKAGE,
        "type": Choice("good", "service"),
        "unit_label": TEXT,
        "url": TEXT,
    },
    required=("name",),
    retired={"features": "Received unknown parameter: features. Did you mean marketing_features?"},
)
UPDATE = Record(
    {
        **COMMON,
        "default_price": TEXT,
        "description": CLEARABLE_TEXT,
        "images": Clearable(Many(TEXT, most=8)),
        "marketing_features": Clearable(FEATURES),
        "package_dimensions": Clearable(PACKAGE),
        "unit_label": CLEARABLE_TEXT,
        "url": CLEARABLE_TEXT,
    },
    retired=CREATE.retired,
)
LIST = Record(
    {
        "active": YES,
        "created": RANGE,
        "ids": Many(TEXT),
        "shippable": YES,
        "type": Choice("good", "service"),
        "url": TEXT,
        **PAGE,
    }
)


def create(call: Call) -> Document:
    """A new product, with its default price if one is given."""
    price_data = call.parameters.get("default_price_data")
    if price_data is not None:
        check_currency(price_data["currency"], "default_price_data[currency]")
        check_amounts(price_data)
    product = make_product(call, call.parameters)
    if price_data is not None:
        price = prices.create(replace(call, parameters={**price_data, "product": product["id"]}))
        with updating(call, "product.updated", product):
            product["default_price"] = price["id"]
    return product


def retrieve(call: Call, identifier: str) -> Document:
    """One product."""
    return call.need(KIND, identifier, "id")


def index(call: Call) -> Page:
    """Products, newest first."""
    wanted = call.parameters.get("ids")
    return page(
        call,
        KIND,
        "/v1/products",
        call.store.newest_first(KIND),
        equal(call, "active", "shippable", "type", "url"),
        created_within(call),
        lambda product: wanted is None or product["id"] in wanted,
    )


def update(call: Call, identifier: str) -> Document:
    """Change a product."""
    product = call.need(KIND, identifier, "id")
    given = call.parameters
    if "default_price" in given:
        check_default(call, product)
    with updating(call, "product.updated", product):
        apply(product, given)
        product["default_price"] = given.get("default_price", product["default_price"])
        product["updated"] = now()
    return product


def check_default(call: Call, product: Document) -> None:
    """Raises Refused when the new default price is another product's, or archived."""
    price = call.given("price", "default_price")
    if price["product"] != product["id"]:
        message = f"The price specified (`{price['id']}`) does not belong to this product (`{product['id']}`)."
        raise invalid(message, "default_price")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", "default_price")


def delete(call: Call, identifier: str) -> Document:
    """Remove a product that has no prices."""
    product = call.need(KIND, identifier, "id")
    if any(price["product"] == identifier for price in call.store.living("price")):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    emit(call, "product.deleted", product)
    product["deleted"] = True
    return product


OPERATIONS = [
    Operation("POST", "/v1/products", KIND, create, CREATE, "products:write"),
    Operation("GET", "/v1/products", KIND, index, LIST, "products:read"),
    Operation("GET", "/v1/products/{id}", KIND, retrieve, ONLY_EXPAND, "products:read"),
    Operation("POST", "/v1/products/{id}", KIND, update, UPDATE, "products:write"),
    Operation("DELETE", "/v1/products/{id}", KIND, delete, ONLY_EXPAND, "products:write"),
]
