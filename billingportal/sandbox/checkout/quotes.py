"""The amounts of a checkout session: from the same invoice that completing it would make."""

from billingportal.sandbox.billing.invoicing import invoice_creation
from billingportal.sandbox.billing.invoicing.discount_requests import grant
from billingportal.sandbox.billing.invoicing.dry_run import rehearsal
from billingportal.sandbox.billing.subscription import creation as subscription_creation
from billingportal.sandbox.billing.subscription.blank_subscription import blank_subscription
from billingportal.sandbox.billing.subscription.items import make_item, set_period
from billingportal.sandbox.billing.subscription.terms import price_of
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.customers.customers import NOTHING_YET

NOBODY: Document = {**NOTHING_YET, "id": "cus_nobody", "invoice_prefix": "NOBODY"}


def lines_of(call: Call, session: Document) -> list[Document]:
    """The session's lines."""
    return [call.store.objects["item"][identifier] for identifier in session["_line_items"]]


def terms(call: Call, session: Document) -> Document:
    """The session's subscription as the API's parameters."""
    data = dict(session["_subscription_data"])
    if "trial_settings" in data:
        ending = {"billing_cycle_anchor": "now", **data["trial_settings"]["end_behavior"]}
        data["trial_settings"] = {"end_behavior": ending}
    items = [
        {"price": line["price"]} | ({} if line["quantity"] is None else {"quantity": line["quantity"]})
        for line in lines_of(call, session)
    ]
    if session["discounts"]:
        data["discounts"] = [wanted(discount) for discount in session["discounts"]]
    tax = {"enabled": session["automatic_tax"]["enabled"]}
    return {**data, "automatic_tax": tax, "currency": session["currency"], "items": items}


def wanted(discount: Document) -> Document:
    """A session's discount as a subscription's parameter."""
    name = "promotion_code" if discount["promotion_code"] else "coupon"
    return {name: discount[name]}


def requote(call: Call, session: Document) -> Document:
    """Recompute the amounts of the session and its lines. Returns the invoice that they come from."""
    invoice, lines = quoted(call, session)
    for line, parts in zip(lines_of(call, session), lines, strict=True):
        discount = sum(one["amount"] for part in parts for one in part["discount_amounts"])
        taxes = [one for part in parts for one in part["taxes"]]
        tax = sum(one["amount"] for one in taxes)
        added = sum(one["amount"] for one in taxes if one["tax_behavior"] == "exclusive")
        subtotal = sum(part["amount"] for part in parts)
        line.update(
            amount_discount=discount,
            amount_subtotal=subtotal,
            amount_tax=tax,
            amount_total=subtotal - discount + added,
        )
    own = lines_of(call, session)
    session.update(amount_subtotal=invoice["subtotal"], amount_total=invoice["total"])
    session["total_details"] = {
        "amount_discount": sum(line["amount_discount"] for line in own),
        "amount_shipping": 0,
        "amount_tax": sum(line["amount_tax"] for line in own),
    }
    session["automatic_tax"]["status"] = invoice["automatic_tax"]["status"]
    return invoice


def quoted(call: Call, session: Document) -> tuple[Document, list[list[Document]]]:
    """The first invoice of the session's subscription, as a preview, and its lines by the session's."""
    trial = rehearsal(call, terms(call, session), None)
    customer = dict(trial.store.find("customer", session["customer"] or "") or NOBODY)
    address = (session["customer_details"] or {}).get("address")
    customer.update(address=address or customer["address"], balance=0)
    trial.store.objects["customer"] = {**trial.store.objects.get("customer", {}), customer["id"]: customer}
    subscription = blank_subscription(trial, customer, session["currency"], subscription_creation.trial_end_of(trial))
    trial.store.put(subscription)
    for position, line in enumerate(lines_of(call, session)):
        price = trial.store.objects["price"][line["price"]]
        item = make_item(trial, subscription, price, trial.parameters["items"][position], f"line_items[{position}]")
        anchor, end = subscription["billing_cycle_anchor"], subscription["trial_end"]
        set_period(trial, item, subscription["start_date"], anchor, end)
    grant(trial, subscription, price_of(trial, subscription))
    drafts = subscription_creation.first_drafts(trial, subscription)
    invoice = invoice_creation.make_invoice(trial, subscription, drafts, "upcoming")
    made = [trial.store.objects["line_item"][identifier] for identifier in invoice["_lines"]]
    by_item = [
        [line for line in made if line["parent"]["subscription_item_details"]["subscription_item"] == item]
        for item in subscription["_items"]
    ]
    return invoice, by_item
