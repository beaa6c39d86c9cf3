"""Computes an invoice's totals from its lines: discounts, tax, and the amount due."""

from billingportal.sandbox.billing.invoicing import redemption
from billingportal.sandbox.billing.invoicing import taxes as invoicing_taxes
from billingportal.sandbox.billing.invoicing.discounts import Off, Part, fits, taken_off
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import MINIMUM_CHARGES
from billingportal.sandbox.state import planted
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
    invoice.update(
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal - included,
        total=total,
        total_excluding_tax=total - included - added,
        total_taxes=invoicing_taxes.together(taxes),
    )
    apply_balance(customer, invoice)


def apply_balance(customer: Document, invoice: Document) -> None:
    """Take the customer's balance of now into account.

    Finalization does so again: `starting_balance` is the "starting customer balance before the invoice is finalized"
    (the SDK's Invoice). An amount due below "Stripe's minimum allowed charge per currency" is not due now: "the invoice
    is automatically marked paid, and we add the amount due to the customer's credit balance which is applied to the
    next invoice" (same place).
    """
    starting: int = customer["balance"]
    owed: int = invoice["total"] + starting
    due = owed if owed >= MINIMUM_CHARGES.get(invoice["currency"], 1) else 0
    invoice.update(starting_balance=starting, ending_balance=owed - due, amount_due=due, amount_remaining=due)


def apply_discounts(call: Call, invoice: Document, lines: list[Document]) -> None:
    """Put each discount's amount on each line, those of the lines' items first."""
    discounts = [*item_discounts(call, lines), *of_invoice(call, invoice)]
    coupons = redemption.coupons_of(call.store, discounts)
    offs = [Off(coupon, one["subscription_item"]) for coupon, one in zip(coupons, discounts, strict=True)]
    parts = [Part(line["amount"], product_of(line), line["discountable"], item_of(line)) for line in lines]
    taken = taken_off(parts, offs, invoice["currency"])
    for position, line in enumerate(lines):
        fitting = [
            (discount["id"], amounts[position])
            for discount, off, amounts in zip(discounts, offs, taken, strict=True)
            if fits(off, parts[position])
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
    if planted.happens(call.store, "tax_added"):
        for line in lines:
            line["taxes"] = [invoicing_taxes.tax_on(line["amount"], invoicing_taxes.UNASKED, "exclusive")]
        return
    if not subscription["automatic_tax"]["enabled"]:
        for line in lines:
            amount = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
            line["taxes"] = invoicing_taxes.by_own_rates(call, subscription, item_of(line), amount)
        return
    invoice["automatic_tax"] = invoicing_taxes.status_of(customer)
    if not invoicing_taxes.located(customer):
        return
    rate = invoicing_taxes.rate_for(call, customer)
    for line in lines:
        amount = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
        line["taxes"] = [invoicing_taxes.tax_on(amount, rate, behavior_of(call, line))]


def behavior_of(call: Call, line: Document) -> str:
    """Whether tax comes on top of a line: as its price says; it does for an amount without a price."""
    if line["pricing"] is None:
        return "exclusive"
    price = call.store.objects["price"][line["pricing"]["price_details"]["price"]]
    return invoicing_taxes.behavior(price, str(line["currency"]))


def of_invoice(call: Call, invoice: Document) -> list[Document]:
    """The discounts of the invoice as a whole."""
    return [call.store.objects[redemption.KIND][identifier] for identifier in invoice["discounts"]]


def item_discounts(call: Call, lines: list[Document]) -> list[Document]:
    """The active discounts of the subscription items of an invoice's lines."""
    known = [call.store.find("subscription_item", name) for name in dict.fromkeys(item_of(line) for line in lines)]
    items = [item for item in known if item is not None]  # the items of a pending update are not stored yet
    found = [(item["id"], one) for item in items for one in redemption.active(call.store, item, call.now())]
    return [{**one, "subscription_item": name} for name, one in found]


def item_of(line: Document) -> str:
    """The subscription item of a line; empty for the line of an invoice item without a subscription."""
    details = line["parent"]["subscription_item_details"]
    return str(details["subscription_item"]) if details is not None else ""


def product_of(line: Document) -> str:
    """The product of a line's price; empty for an amount without a price."""
    return str(line["pricing"]["price_details"]["product"]) if line["pricing"] is not None else ""


def use_up(call: Call, invoice: Document) -> None:
    """Remove the discounts that this invoice used for the last time."""
    if invoice["parent"] is None:
        return
    subscription = call.store.objects["subscription"][invoice["parent"]["subscription_details"]["subscription"]]
    off = [one["discount"] for one in invoice["total_discount_amounts"] if one["amount"] > 0]
    if invoice["billing_reason"] == "subscription_create":  # no event has announced the subscription yet
        drop_used(call, subscription, off)
        return
    with updating(call, "customer.subscription.updated", subscription):
        drop_used(call, subscription, off)


def drop_used(call: Call, subscription: Document, off: list[str]) -> None:
    """Remove the discounts of a subscription and of its items that are over, or that were for one invoice (`off`)."""
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    for owner in (subscription, *items):
        own = [call.store.objects[redemption.KIND][identifier] for identifier in owner["discounts"]]
        for discount in own:
            discount["_spent"] = discount["_spent"] or (discount["_once"] and discount["id"] in off)
        for discount in own:
            if discount not in redemption.active(call.store, owner, call.now()):
                redemption.remove(call, owner, discount)


def keep_shares(call: Call, lines: list[Document]) -> None:
    """Store each item's share of its price left after discounts: that much, no more, is credited for unused time."""
    shares: dict[str, list[int]] = {}
    for line in lines:
        details = line["parent"]["subscription_item_details"]
        if details is not None and line["amount"] > 0 and not details["proration"]:
            share = shares.setdefault(details["subscription_item"], [0, 0])
            share[0] += line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
            share[1] += line["amount"]
    for identifier, share in shares.items():
        known = call.store.find("subscription_item", identifier)
        if known is not None:  # the items of a pending update are not stored yet
            known["_share"] = share


def keep_debits(call: Call, invoice: Document, lines: list[Document]) -> None:
    """Store with each item the lines that charge it: a later credit names them."""
    debits: dict[str, list[str]] = {}
    for line in lines:
        details = line["parent"]["subscription_item_details"]
        if details is not None and line["amount"] >= 0 and details["proration_details"]["credited_items"] is None:
            debits.setdefault(details["subscription_item"], []).append(line["id"])
    for identifier, names in debits.items():
        known = call.store.find("subscription_item", identifier)
        if known is not None:
            details = {"invoice": invoice["id"], "invoice_line_items": names}
            known["_debit"] = {
                "invoice_item": None,
                "invoice_line_item_details": details,
                "type": "invoice_line_items",
            }
