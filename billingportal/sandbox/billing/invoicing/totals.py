"""Computes an invoice's totals from its lines: discounts, tax, and the amount due."""

from billingportal.sandbox.billing.invoicing import redemption
from billingportal.sandbox.billing.invoicing import taxes as invoicing_taxes
from billingportal.sandbox.billing.invoicing.discounts import Part, is_for, taken_off
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.changes import updating


def reckon(call: Call, subscription: Document, invoice: Document, lines: list[Document]) -> None:
    """Put discounts and taxes on the lines, and all totals on the invoice.

    `subscription` has the customer and the settings of tax; for a one-off invoice, it is the invoice itself.
    """
    customer = call.store.objects["customer"][subscription["customer"]]
    apply_discounts(call, invoice, lines)
    apply_taxes(call, subscription, customer, invoice, lines)
    taxes = [tax for line in lines for tax in line["taxes"]]
    subtotal = sum(line["amount"] for line in lines)
    off = sum(one["amount"] for one in invoice["total_discount_amounts"])
    included = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    added = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    total = subtotal - off + added
    starting: int = customer["balance"]
    due = max(total + starting, 0)
    invoice.update(
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal - included,
        total=total,
        total_excluding_tax=total - included - added,
        total_taxes=invoicing_taxes.together(taxes),
        starting_balance=starting,
        ending_balance=min(total + starting, 0),
        amount_due=due,
        amount_remaining=due,
    )


def apply_discounts(call: Call, invoice: Document, lines: list[Document]) -> None:
    """Put each discount's amount on each line."""
    discounts = [call.store.objects[redemption.KIND][identifier] for identifier in invoice["discounts"]]
    coupons = redemption.coupons_of(call.store, discounts)
    parts = [Part(line["amount"], product_of(line), line["discountable"]) for line in lines]
    taken = taken_off(parts, coupons, invoice["currency"])
    for position, line in enumerate(lines):
        fitting = [
            (discount["id"], amounts[position])
            for discount, coupon, amounts in zip(discounts, coupons, taken, strict=True)
            if line["discountable"] and is_for(coupon, product_of(line))
        ]
        line["discounts"] = [identifier for identifier, _ in fitting]
        line["discount_amounts"] = [{"amount": amount, "discount": identifier} for identifier, amount in fitting]
    invoice["total_discount_amounts"] = [
        {"amount": sum(amounts), "discount": discount["id"]} for discount, amounts in zip(discounts, taken, strict=True)
    ]


def apply_taxes(
    call: Call, subscription: Document, customer: Document, invoice: Document, lines: list[Document]
) -> None:
    """The tax on each line, after its discounts."""
    for line in lines:
        line["taxes"] = []
    if not subscription["automatic_tax"]["enabled"]:
        return
    invoice["automatic_tax"] = invoicing_taxes.status_of(customer)
    if not invoicing_taxes.located(customer):
        return
    rate = invoicing_taxes.rate_for(call, customer)
    for line in lines:
        price = call.store.objects["price"][line["pricing"]["price_details"]["price"]]
        amount = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
        line["taxes"] = [invoicing_taxes.tax_on(amount, rate, price["tax_behavior"] or "unspecified")]


def product_of(line: Document) -> str:
    """The product of a line's price; empty for an amount without a price."""
    return str(line["pricing"]["price_details"]["product"]) if line["pricing"] is not None else ""


def use_up(call: Call, invoice: Document) -> None:
    """Remove the discounts that this invoice used for the last time."""
    if invoice["parent"] is None:
        return
    subscription = call.store.objects["subscription"][invoice["parent"]["subscription_details"]["subscription"]]
    off = [one["discount"] for one in invoice["total_discount_amounts"] if one["amount"] > 0]
    own = [call.store.objects[redemption.KIND][identifier] for identifier in subscription["discounts"]]
    for discount in own:
        discount["_spent"] = discount["_spent"] or (discount["_once"] and discount["id"] in off)
    over = [one for one in own if one not in redemption.active(call.store, subscription, call.now())]
    if invoice["billing_reason"] == "subscription_create":  # no event has announced the subscription yet
        for discount in over:
            redemption.remove(call, subscription, discount)
        return
    with updating(call, "customer.subscription.updated", subscription):
        for discount in over:
            redemption.remove(call, subscription, discount)


def keep_shares(call: Call, lines: list[Document]) -> None:
    """Store each item's share of its price left after discounts: that much, no more, is credited for unused time."""
    shares: dict[str, list[int]] = {}
    for line in lines:
        details = line["parent"]["subscription_item_details"]
        if line["amount"] > 0 and not details["proration"]:
            share = shares.setdefault(details["subscription_item"], [0, 0])
            share[0] += line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
            share[1] += line["amount"]
    for identifier, share in shares.items():
        known = call.store.find("subscription_item", identifier)
        if known is not None:  # the items of a pending update are not stored yet
            known["_share"] = share
