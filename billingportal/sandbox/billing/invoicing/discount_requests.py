"""Applies the discounts of a request to a subscription or to one of its items, and removes others."""

from billingportal.sandbox.billing.invoicing import redemption
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document


def grant(call: Call, subscription: Document, amount: int) -> list[Document]:
    """Replace a subscription's discounts with the requested ones. Returns the new ones, to be redeemed.

    `amount` is the subscription's cost for a period, in minor units. Raises Refused for expired or used-up coupons
    and codes, and for those that do not fit the customer.
    """
    given = call.parameters
    if "discounts" not in given:
        return []
    return put_discounts(call, subscription, subscription, given["discounts"] or [], amount)


def put_discounts(
    call: Call,
    subscription: Document,
    owner: Document,
    wanted: list[Document],
    amount: int = 0,
    path: str = "discounts",
) -> list[Document]:
    """Replace the discounts of `owner`, the subscription or one of its items. Returns the new ones, to be redeemed."""
    kept = [one["discount"] for one in wanted if "discount" in one]
    reusable = discounts_of(call, subscription)
    for identifier in kept:
        if identifier not in reusable:
            raise call.absent("discount", identifier, path, status=400)
    total = {"amount": amount, "currency": subscription["currency"]}
    buyer = call.store.find("customer", subscription["customer"])
    fresh = [one for one in wanted if "discount" not in one]
    found = [redemption.coupon_for(call, one, f"{path}[{position}]") for position, one in enumerate(fresh)]
    if len({coupon["id"] for coupon, _ in found}) < len(found):
        raise invalid("You cannot apply the same coupon more than once.", path)
    for coupon, code in found:
        redemption.check_fits(call, coupon, code, buyer, total)
    for identifier in owner["discounts"]:
        if identifier not in kept:
            redemption.remove(call, owner, call.store.objects[redemption.KIND][identifier])
    item = owner["id"] if owner["object"] == "subscription_item" else None
    granted = [redemption.made(call, subscription, coupon, code, item) for coupon, code in found]
    for discount in granted:
        discount["checkout_session"] = call.parameters.get("_checkout_session")
    owner["discounts"] = [*kept, *(discount["id"] for discount in granted)]
    return granted


def discounts_of(call: Call, subscription: Document) -> list[str]:
    """The ids of the discounts that a request may use again: the subscription's, and those of its items.

    `discount`: "ID of an existing discount on the object (or one of its ancestors) to reuse", as the SDK says.
    """
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    return [*subscription["discounts"], *(one for item in items for one in item["discounts"])]
