"""Applies the discounts of a request to a subscription, and removes others."""

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
    wanted = given["discounts"] or []
    kept = [one["discount"] for one in wanted if "discount" in one]
    for identifier in kept:
        if identifier not in subscription["discounts"]:
            raise call.absent("discount", identifier, "discounts", status=400)
    total = {"amount": amount, "currency": subscription["currency"]}
    buyer = call.store.find("customer", subscription["customer"])
    fresh = [one for one in wanted if "discount" not in one]
    found = [redemption.coupon_for(call, one, f"discounts[{position}]") for position, one in enumerate(fresh)]
    if len({coupon["id"] for coupon, _ in found}) < len(found):
        raise invalid("You cannot apply the same coupon more than once.", "discounts")
    for coupon, code in found:
        redemption.check_fits(call, coupon, code, buyer, total)
    for identifier in subscription["discounts"]:
        if identifier not in kept:
            redemption.remove(call, subscription, call.store.objects[redemption.KIND][identifier])
    granted = [redemption.made(call, subscription, coupon, code) for coupon, code in found]
    for discount in granted:
        discount["checkout_session"] = given.get("_checkout_session")
    subscription["discounts"] = [*kept, *(discount["id"] for discount in granted)]
    return granted
