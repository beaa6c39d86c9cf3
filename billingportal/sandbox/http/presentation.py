"""Turns a stored object into its API form: hidden attributes removed, parts added, expansions followed."""

from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.shapes import HIDDEN, SHAPES, Expansion
from billingportal.sandbox.state.store import Store

LINES_SHOWN = 10
ENDED = ("canceled", "incomplete_expired")
NOTHING_ASKED: Expansion = {}


def present(store: Store, document: Document, expand: Expansion = NOTHING_ASKED) -> Document:
    """An object as Stripe shows it, in hashes and arrays of its own."""
    if document.get("deleted"):
        return {name: document[name] for name in ("id", "object", "deleted")}
    if document["object"] == "event":  # contains a snapshot of its object, in its API form
        return {**document, **store.altered.get(document["id"], {})}
    whole = assembled(store, document, expand)
    return {**shown(store, whole, document["object"], expand), **store.altered.get(document.get("id", ""), {})}


def assembled(store: Store, document: Document, expand: Expansion) -> Document:
    """The object with its separately stored parts."""
    kind = document["object"]
    document = with_tax_rates(store, document)
    if kind == "subscription":
        url = f"/v1/subscription_items?subscription={document['id']}"
        return {**document, "items": listing(parts(store, "subscription_item", document["_items"]), url)}
    if kind == "subscription_item":
        price = store.objects["price"][document["price"]]
        return {**document, "price": price, "plan": plan_of(price)}
    if kind == "invoice":
        lines = parts(store, "line_item", document["_lines"])
        payments = parts(store, "invoice_payment", document["_payments"])
        return {
            **document,
            "lines": listing(lines, f"/v1/invoices/{document['id']}/lines", LINES_SHOWN),
            "payments": listing(payments, "/v1/invoice_payments"),
        }
    if kind == "customer" and "tax_ids" in expand:
        own = parts(store, "tax_id", document["_tax_ids"])
        document = {**document, "tax_ids": listing(own, f"/v1/customers/{document['id']}/tax_ids")}
    if kind == "charge" and "refunds" in expand:
        refunds = parts(store, "refund", document["_refunds"][::-1])
        return {**document, "refunds": listing(refunds, f"/v1/charges/{document['id']}/refunds", LINES_SHOWN)}
    if kind == "item":
        return {**document, "price": store.objects["price"][document["price"]]}
    if kind == "checkout.session" and "line_items" in expand:
        lines = parts(store, "item", document["_line_items"])
        url = f"/v1/checkout/sessions/{document['id']}/line_items"
        return {**document, "line_items": listing(lines, url, LINES_SHOWN)}
    if kind == "customer" and "subscriptions" in expand:
        everyone = parts(store, "subscription", document["_subscriptions"])
        living = [one for one in everyone if one["status"] not in ENDED]
        return {**document, "subscriptions": listing(living, f"/v1/customers/{document['id']}/subscriptions")}
    return document


def with_tax_rates(store: Store, document: Document) -> Document:
    """The object with whole tax rates, which Stripe never shows by id alone."""
    kind = document["object"]
    if kind in ("subscription", "invoice"):
        return {**document, "default_tax_rates": parts(store, "tax_rate", document["default_tax_rates"])}
    if kind == "subscription_item":
        return {**document, "tax_rates": parts(store, "tax_rate", document["tax_rates"])}
    if kind == "subscription_schedule":
        return {**document, "phases": [phase_with_tax_rates(store, phase) for phase in document["phases"]]}
    return document


def phase_with_tax_rates(store: Store, phase: Document) -> Document:
    """A phase of a schedule, and its items, with whole tax rates."""
    items = [{**item, "tax_rates": parts(store, "tax_rate", item["tax_rates"])} for item in phase["items"]]
    return {**phase, "default_tax_rates": parts(store, "tax_rate", phase["default_tax_rates"]), "items": items}


def whole(store: Store, document: Document) -> Document:
    """An object with its parts and nothing hidden, for inspection."""
    everything = dict.fromkeys(HIDDEN.get(document["object"], frozenset()), NOTHING_ASKED)
    complete = assembled(store, document, everything)
    return {name: value for name, value in complete.items() if not name.startswith("_")}


def shown(store: Store, whole: Document, kind: str, expand: Expansion) -> Document:
    """A copy without its hidden attributes, its inner objects and hashes shown in turn."""
    shape = SHAPES.get(kind, {})
    hidden = HIDDEN.get(kind, frozenset()) - expand.keys()
    return {
        name: value_shown(store, value, shape.get(name, ""), expand.get(name))
        for name, value in whole.items()
        if name not in hidden and not name.startswith("_")
    }


def value_shown(store: Store, value: object, target: str, expand: Expansion | None) -> object:
    """One attribute: a requested id is expanded, an object or a hash shown by its own shape."""
    if isinstance(value, str) and target and expand is not None:
        found = store.find(target, value)
        return present(store, found, expand) if found is not None else value
    if isinstance(value, list):
        return [value_shown(store, item, target, expand if isinstance(item, str) else expand or {}) for item in value]
    if isinstance(value, dict):
        if "object" in value and value["object"] != "list":
            return present(store, value, expand or {})
        return shown(store, value, target, expand or {})
    return value


def parts(store: Store, kind: str, identifiers: list[str]) -> list[Document]:
    """The objects of some ids that are neither deleted nor lost, in their order."""
    found = [store.find(kind, identifier) for identifier in identifiers]
    return [document for document in found if document is not None and not document.get("deleted")]


def listing(documents: list[Document], url: str, shown_at_once: int = 100) -> Document:
    """An embedded list: its first page."""
    return {
        "object": "list",
        "data": documents[:shown_at_once],
        "has_more": len(documents) > shown_at_once,
        "url": url,
    }


def plan_of(price: Document) -> Document:
    """The legacy plan that Stripe still shows beside each recurring price."""
    recurring = price["recurring"]
    package = price["transform_quantity"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": price["livemode"],
        "metadata": price["metadata"],
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": package,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"],
    }
