"""The expandable attributes, the object types that they lead to, and the attributes hidden until requested."""

from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.reference.currencies import KNOWN

# object or inner hash -> attribute -> its target: an object type, an inner hash, or "" for a plain value.
SHAPES: dict[str, dict[str, str]] = {
    "product": {"default_price": "price", "tax_code": ""},
    "price": {"product": "product", "tiers": "", "currency_options": "price.currency_options"},
    "price.currency_options": dict.fromkeys(KNOWN, "price.currency_option"),
    "price.currency_option": {"tiers": ""},
    "plan": {"product": "product", "tiers": ""},
    "customer": {
        "default_source": "",
        "discount": "",
        "invoice_settings": "customer.invoice_settings",
        "sources": "",
        "subscriptions": "customer.subscriptions",
        "tax": "",
        "tax_ids": "",
        "test_clock": "test_helpers.test_clock",
    },
    "customer.invoice_settings": {"default_payment_method": "payment_method"},
    "customer.subscriptions": {"data": "subscription"},
    "payment_method": {"customer": "customer"},
    "subscription": {
        "customer": "customer",
        "default_payment_method": "payment_method",
        "default_source": "",
        "default_tax_rates": "",
        "discounts": "discount",
        "items": "subscription.items",
        "latest_invoice": "invoice",
        "pending_setup_intent": "",
        "schedule": "subscription_schedule",
        "test_clock": "test_helpers.test_clock",
    },
    "subscription.items": {"data": "subscription_item"},
    "subscription_item": {"price": "price", "plan": "plan", "discounts": "discount", "tax_rates": ""},
    "invoice": {
        "confirmation_secret": "",
        "customer": "customer",
        "default_payment_method": "payment_method",
        "default_source": "",
        "discounts": "discount",
        "lines": "invoice.lines",
        "parent": "invoice.parent",
        "payments": "invoice.payments",
        "test_clock": "test_helpers.test_clock",
        "total_discount_amounts": "discount_amount",
    },
    "invoice.lines": {"data": "line_item"},
    "invoice.parent": {"subscription_details": "invoice.subscription_details"},
    "invoice.subscription_details": {"subscription": "subscription"},
    "invoice.payments": {"data": "invoice_payment"},
    "invoiceitem": {
        "customer": "customer",
        "invoice": "invoice",
        "discounts": "",
        "tax_rates": "",
        "test_clock": "test_helpers.test_clock",
    },
    "invoice_payment": {"invoice": "invoice", "payment": "invoice_payment.payment"},
    "invoice_payment.payment": {"payment_intent": "payment_intent", "charge": "charge"},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "review": "",
    },
    "charge": {
        "balance_transaction": "",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "refunds": "charge.refunds",
        "review": "",
    },
    "charge.refunds": {"data": "refund"},
    "refund": {
        "balance_transaction": "",
        "charge": "charge",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "line_item": {
        "discount_amounts": "discount_amount",
        "discounts": "discount",
        "pricing": "line_item.pricing",
        "subscription": "subscription",
    },
    "coupon": {"applies_to": "", "currency_options": ""},
    "discount": {"customer": "customer", "promotion_code": "promotion_code", "source": "discount.source"},
    "discount.source": {"coupon": "coupon"},
    "discount_amount": {"discount": "discount"},
    "promotion_code": {"customer": "customer", "promotion": "discount.source"},
    "line_item.pricing": {"price_details": "line_item.price_details"},
    "line_item.price_details": {"price": "price"},
    "event": {},
    "subscription_schedule": {
        "customer": "customer",
        "default_settings": "subscription_schedule.settings",
        "phases": "subscription_schedule.phase",
        "subscription": "subscription",
        "test_clock": "test_helpers.test_clock",
    },
    "subscription_schedule.settings": {"default_payment_method": "payment_method"},
    "subscription_schedule.phase": {
        "default_payment_method": "payment_method",
        "discounts": "subscription_schedule.discount",
        "items": "subscription_schedule.item",
    },
    "subscription_schedule.item": {"discounts": "subscription_schedule.discount", "plan": "", "price": "price"},
    "subscription_schedule.discount": {
        "coupon": "coupon",
        "discount": "discount",
        "promotion_code": "promotion_code",
    },
    "test_helpers.test_clock": {},
    "webhook_endpoint": {},
    "checkout.session": {
        "customer": "customer",
        "invoice": "invoice",
        "line_items": "checkout.session.line_items",
        "payment_intent": "payment_intent",
        "payment_link": "",
        "setup_intent": "",
        "subscription": "subscription",
    },
    "checkout.session.line_items": {"data": "item"},
    "item": {"price": "price"},
    "billing_portal.configuration": {"application": "", "features": "portal.features"},
    "portal.features": {
        "subscription_cancel": "portal.subscription_cancel",
        "subscription_update": "portal.subscription_update",
    },
    "portal.subscription_cancel": {"cancellation_reason": "portal.cancellation_reason"},
    "portal.cancellation_reason": {"feedback_options": ""},
    "portal.subscription_update": {"products": ""},
    "billing_portal.session": {"configuration": "billing_portal.configuration"},
    "tax_id": {"customer": "customer"},
    "billing.meter": {},
    "billing.meter_event": {},
    "billing.meter_event_adjustment": {},
    "billing.meter_event_summary": {},
    "account": {},
    "balance": {},
}
HIDDEN: dict[str, frozenset[str]] = {
    "price": frozenset({"tiers", "currency_options"}),
    "price.currency_option": frozenset({"tiers"}),
    "plan": frozenset({"tiers"}),
    "checkout.session": frozenset({"line_items"}),
    "coupon": frozenset({"applies_to", "currency_options"}),
    "customer": frozenset({"sources", "subscriptions", "tax", "tax_ids"}),
    "invoice": frozenset({"payments", "confirmation_secret"}),
    "webhook_endpoint": frozenset({"secret"}),
    "portal.subscription_update": frozenset({"products"}),
}
DEEPEST = 4

# Attribute -> the requested attributes inside it.
Expansion = dict[str, "Expansion"]


def read_expand(paths: list[str], kind: str, *, listed: bool) -> Expansion:
    """The tree of attributes to expand. Raises Refused for unknown and too deep paths."""
    tree: Expansion = {}
    for path in paths:
        names = path.split(".")
        if len(names) > DEEPEST:
            raise invalid(f"You cannot expand more than {DEEPEST} levels of a property.", "expand")
        if listed and names[0] != "data":
            raise not_expandable(path, names[0], " You may want to try expanding `data." + path + "`.")
        check(path, names[1:] if listed else names, kind)
        node = tree
        for name in names:
            node = node.setdefault(name, {})
    return tree.get("data", {}) if listed else tree


def check(path: str, names: list[str], kind: str) -> None:
    """Raises Refused when a name in the path is not expandable."""
    for name in names:
        shape = SHAPES.get(kind, {})
        target = shape.get(name)
        if target is None:
            raise not_expandable(path, name, "")
        kind = target


def not_expandable(path: str, name: str, hint: str) -> Refused:
    """The refusal of a path, in Stripe's words."""
    return invalid(f"This property cannot be expanded ({name}): {path}.{hint}", "expand")
