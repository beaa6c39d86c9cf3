"""Coupons and promotion codes: validated, turned into discounts, redeemed, removed."""

from billingportal.sandbox.billing.invoicing.discounts import amount_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id
from billingportal.sandbox.state.store import Store

KIND = "discount"


def coupon_for(call: Call, given: Document, path: str) -> tuple[Document, Document | None]:
    """The requested coupon, and its promotion code if one was given. Raises Refused for expired or used-up ones."""
    if ("coupon" in given) == ("promotion_code" in given):
        raise invalid(f"You must specify exactly one of `coupon` and `promotion_code` in `{path}`.", path)
    code = None
    if "promotion_code" in given:
        code = call.need("promotion_code", given["promotion_code"], f"{path}[promotion_code]", status=400)
        if not code["active"] or over(code["expires_at"], call) or used_up(code):
            raise invalid("This promotion code is not active.", f"{path}[promotion_code]")
    identifier = given["coupon"] if code is None else code["promotion"]["coupon"]
    coupon = call.need("coupon", identifier, f"{path}[coupon]", status=400)
    if over(coupon["redeem_by"], call) or used_up(coupon):
        raise Refused(f"Coupon expired: {identifier}", code="coupon_expired", param=f"{path}[coupon]")
    return coupon, code


def over(until: int | None, call: Call) -> bool:
    """Whether a time has passed."""
    return until is not None and call.now() >= until


def used_up(document: Document) -> bool:
    """Whether a coupon or a code has reached its maximum number of redemptions."""
    most: int | None = document["max_redemptions"]
    return most is not None and bool(document["times_redeemed"] >= most)


def check_fits(call: Call, coupon: Document, code: Document | None, buyer: Document | None, total: Document) -> None:
    """Raises Refused where a coupon or a code does not fit this customer or this sum ({amount, currency})."""
    if coupon["amount_off"] is not None and amount_of(coupon, total["currency"]) == 0:
        raise invalid(f"The coupon {coupon['id']} cannot be used with the currency `{total['currency']}`.", "discounts")
    if code is None:
        return
    if code["customer"] is not None and (buyer is None or buyer["id"] != code["customer"]):
        raise invalid("This promotion code cannot be redeemed because it is for another customer.", "discounts")
    rules = code["restrictions"]
    if rules["first_time_transaction"] and buyer is not None and has_paid(call.store, buyer):
        message = "This promotion code cannot be redeemed because the associated customer has prior transactions."
        raise invalid(message, "discounts")
    least = rules["minimum_amount"]
    if least is not None and (rules["minimum_amount_currency"] != total["currency"] or total["amount"] < least):
        raise invalid("This promotion code cannot be redeemed because the minimum amount is not met.", "discounts")


def has_paid(store: Store, customer: Document) -> bool:
    """Whether a customer has ever paid anything."""
    owned = (store.objects["subscription"][one]["_invoices"] for one in customer["_subscriptions"])
    return any(store.objects["invoice"][one]["amount_paid"] > 0 for invoices in owned for one in invoices)


def made(
    call: Call, subscription: Document, coupon: Document, code: Document | None, item: str | None = None
) -> Document:
    """Store a discount of a subscription, or of one of its items, without an event."""
    months = coupon["duration_in_months"] if coupon["duration"] == "repeating" else None
    return call.store.put(
        {
            "id": new_id("di"),
            "object": KIND,
            "checkout_session": None,
            "customer": subscription["customer"],
            "customer_account": None,
            "end": None if months is None else after(call.now(), "month", months),
            "invoice": None,
            "invoice_item": None,
            "promotion_code": None if code is None else code["id"],
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": call.now(),
            "subscription": subscription["id"],
            "subscription_item": item,
            "_once": coupon["duration"] == "once",
            "_spent": False,
        }
    )


def redeem(call: Call, discount: Document) -> None:
    """Count the coupon and the code as redeemed and emit the discount's event; does nothing in a rehearsal."""
    if call.rehearses:
        return
    coupon = call.store.objects["coupon"][discount["source"]["coupon"]]
    counted = [coupon]
    if discount["promotion_code"] is not None:
        counted.append(call.store.objects["promotion_code"][discount["promotion_code"]])
    for document in counted:
        document["times_redeemed"] += 1
    coupon["valid"] = not used_up(coupon) and not over(coupon["redeem_by"], call)
    emit(call, "customer.discount.created", discount)


def active(store: Store, owner: Document, moment: int) -> list[Document]:
    """The active discounts of a subscription, or of one of its items."""
    own = [store.objects[KIND][identifier] for identifier in owner["discounts"]]
    return [one for one in own if not one["_spent"] and (one["end"] is None or moment < one["end"])]


def coupons_of(store: Store, discounts: list[Document]) -> list[Document]:
    """The coupons of some discounts; a deleted coupon still applies to its existing discounts."""
    return [store.objects["coupon"][discount["source"]["coupon"]] for discount in discounts]


def remove(call: Call, owner: Document, discount: Document) -> None:
    """Remove a discount from a subscription, or from one of its items."""
    owner["discounts"] = [one for one in owner["discounts"] if one != discount["id"]]
    emit(call, "customer.discount.deleted", discount)
