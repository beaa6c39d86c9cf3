"""Subscription items: their allowed prices and quantities, and their periods."""

from billingportal.sandbox import periods
from billingportal.sandbox.billing.invoicing import taxes
from billingportal.sandbox.billing.invoicing.discount_requests import put_discounts
from billingportal.sandbox.billing.invoicing.redemption import redeem
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import merged
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog import tax_rates
from billingportal.sandbox.resources.catalog.price_parts import check_one_amount, money_parts
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id

MOST = 20


def price_for(call: Call, given: Document, path: str) -> Document:
    """The price of a requested item. Raises Refused for archived and one-time prices."""
    if ("price" in given) == ("price_data" in given):
        raise invalid("You must specify exactly one of `price` and `price_data`.", path)
    if "price_data" in given:
        return inline_price(call, given["price_data"], f"{path}[price_data]")
    price = call.need("price", given["price"], f"{path}[price]", status=400)
    if not price["active"] and not call.confirmed:  # a price that was active when the page was opened stays valid there
        raise invalid("The price specified is inactive. This field only accepts active prices.", f"{path}[price]")
    if price["type"] != "recurring":
        message = (
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."
        )
        raise invalid(message, f"{path}[price]")
    return price


def inline_price(call: Call, given: Document, path: str) -> Document:
    """A price made for one subscription; it is archived from the start. Raises Refused."""
    product = call.need("product", given["product"], f"{path}[product]", status=400)
    check_one_amount(given, path)
    price = call.store.put(
        {
            "id": new_id("price"),
            "object": "price",
            "active": False,
            "created": call.now(),
            "livemode": call.livemode,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": product["id"],
            **money_parts(call, given),
            "_inline": True,
        }
    )
    emit(call, "price.created", price)
    return price


def quantity_for(price: Document, given: Document, path: str) -> int | None:
    """The quantity of a price, one by default. Raises Refused for a metered price with a quantity."""
    if price["recurring"]["usage_type"] == "licensed":
        return int(given.get("quantity", 1))
    if "quantity" in given:
        message = f"You cannot set the quantity for a metered price. Remove quantity from `{path}`."
        raise invalid(message, f"{path}[quantity]")
    return None


def check_together(call: Call, prices: list[Document], currency: str, *, flexible: bool, path: str = "items") -> None:
    """Raises Refused for prices that cannot share a subscription; `path` is the parameter with the items."""
    if not prices:
        raise invalid("A subscription must have at least one item.", path, "parameter_missing")
    if len(prices) > MOST:
        raise invalid(f"Subscriptions can have at most {MOST} items.", path)
    for position, price in enumerate(prices):
        here = f"{path}[{position}][price]"
        if currency not in price["currency_options"]:
            message = (
                f"The price specified only supports `{price['currency']}`. "
                f"This doesn't match the expected currency: `{currency}`."
            )
            raise invalid(message, here)
        if price["id"] in {other["id"] for other in prices[:position]}:
            raise invalid(f"Cannot add multiple subscription items with the same plan: {price['id']}", here)
    if not flexible and len({interval_of(price) for price in prices}) > 1:
        raise invalid("Currency and interval fields must match across all plans on this subscription.", path)


def interval_of(price: Document) -> tuple[str, int]:
    """The interval of a recurring price and its count."""
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def make_item(call: Call, subscription: Document, price: Document, given: Document, path: str) -> Document:
    """Add a new item without a period to its subscription."""
    item = call.store.put(
        {
            "id": new_id("si"),
            "object": "subscription_item",
            "billed_until": None,
            "billing_thresholds": None,
            "created": call.now(),
            "current_period_end": 0,
            "current_period_start": 0,
            "discounts": [],
            "metadata": merged({}, given.get("metadata", {})),
            "price": price["id"],
            "quantity": quantity_for(price, given, path),
            "subscription": subscription["id"],
            "tax_rates": [],
        }
    )
    subscription["_items"].append(item["id"])
    put_item_terms(call, subscription, item, given, path)
    return item


def put_item_terms(call: Call, subscription: Document, item: Document, given: Document, path: str) -> None:
    """Apply the requested discounts and tax rates of an item. Raises Refused."""
    if "discounts" in given:
        wanted = given["discounts"] or []
        for discount in put_discounts(call, subscription, item, wanted, path=f"{path}[discounts]"):
            redeem(call, discount)
    if "tax_rates" in given:
        taxes.check_own_rates(subscription["automatic_tax"], given["tax_rates"], f"{path}[tax_rates]")
        item["tax_rates"] = tax_rates.chosen(call, given["tax_rates"], f"{path}[tax_rates]", item["tax_rates"])


def set_period(call: Call, item: Document, start: int, anchor: int, until: int | None = None) -> None:
    """Set an item's period from `start`: to the next anchored boundary, or `until` the end of a trial."""
    interval, count = interval_of(call.store.objects["price"][item["price"]])
    item["current_period_start"] = start
    if until is not None:
        item["current_period_end"] = until
        return
    if anchor > start:
        item["current_period_end"] = anchor
        return
    steps = 1
    while periods.after(anchor, interval, count * steps) <= start:
        steps += 1
    item["current_period_end"] = periods.after(anchor, interval, count * steps)
