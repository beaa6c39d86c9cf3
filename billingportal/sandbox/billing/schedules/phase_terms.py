"""The terms of a phase other than its items and dates: read from a request, and applied to the subscription.

A phase keeps nothing that it does not name. Discounts: "If not specified, inherits the discount from the
subscription's customer." Payment method: "If not set, invoices will use the default payment method in the customer's
invoice settings." Collection: "Defaults to `charge_automatically` on creation." (The SDK's parameters of a phase.) No
source says whether a schedule's default settings, or the phase made from a subscription, fill the gaps; here they
don't. Only metadata is merged, as documented.
"""

from billingportal.sandbox.billing.invoicing import redemption, taxes
from billingportal.sandbox.billing.invoicing.discount_requests import discounts_of, put_discounts
from billingportal.sandbox.billing.subscription.blank_subscription import NOTHING_YET, automatic_tax
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import merged, or_none
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.catalog import tax_rates
from billingportal.sandbox.resources.customers import payment_methods

NO_INVOICE_SETTINGS: Document = {
    "account_tax_ids": None,
    "custom_fields": None,
    "days_until_due": None,
    "description": None,
    "footer": None,
    "issuer": None,
}


def read_terms(call: Call, given: Document, subscription: Document, path: str) -> Document:
    """The named terms of a phase, as Stripe shows them. Raises Refused."""
    automatic = given.get("automatic_tax")
    taxes.check_own_rates(automatic or {"enabled": False}, given.get("default_tax_rates"), f"{path}[default_tax_rates]")
    return {
        "automatic_tax": None if automatic is None else automatic_tax(automatic),
        "billing_cycle_anchor": given.get("billing_cycle_anchor"),
        "collection_method": given.get("collection_method"),
        "default_payment_method": method_of(call, given, subscription, path),
        "default_tax_rates": tax_rates.chosen(
            call, given.get("default_tax_rates"), f"{path}[default_tax_rates]", subscription["default_tax_rates"]
        ),
        "description": or_none(given.get("description")),
        "discounts": discounts_in(call, given.get("discounts"), subscription, f"{path}[discounts]"),
        "invoice_settings": invoice_settings(given, path),
        "metadata": merged({}, given.get("metadata", {})),
    }


def item_terms(call: Call, given: Document, subscription: Document, path: str) -> Document:
    """The named discounts and tax rates of a phase's item. Raises Refused."""
    items = [call.store.objects["subscription_item"][one] for one in subscription["_items"]]
    kept = [name for item in items for name in item["tax_rates"]]
    return {
        "discounts": discounts_in(call, given.get("discounts"), subscription, f"{path}[discounts]"),
        "tax_rates": tax_rates.chosen(call, given.get("tax_rates"), f"{path}[tax_rates]", kept),
    }


def discounts_in(call: Call, given: object, subscription: Document, path: str) -> list[Document]:
    """The discounts of a request as a phase shows them. Raises Refused for unknown ones."""
    found: list[Document] = []
    for position, one in enumerate(given if isinstance(given, list) else []):
        if "discount" not in one:
            redemption.coupon_for(call, one, f"{path}[{position}]")
        elif one["discount"] not in discounts_of(call, subscription):
            raise call.absent("discount", one["discount"], f"{path}[{position}][discount]", status=400)
        found.append({name: one.get(name) for name in ("coupon", "discount", "promotion_code")})
    return found


def invoice_settings(given: Document, path: str) -> Document | None:
    """The named invoice settings of a phase. Raises Refused for invoices that are sent without a due date."""
    settings = given.get("invoice_settings", {})
    if given.get("collection_method") == "send_invoice" and settings.get("days_until_due") is None:
        param = f"{path}[invoice_settings][days_until_due]"
        raise invalid("`days_until_due` is needed where `collection_method` is `send_invoice`.", param)
    named = {name: or_none(value) for name, value in settings.items()}
    return {**NO_INVOICE_SETTINGS, **named} if settings else None


def method_of(call: Call, given: Document, subscription: Document, path: str) -> str | None:
    """The payment method of a phase. Raises Refused for a method of another customer."""
    if "default_payment_method" not in given:
        return None
    param = f"{path}[default_payment_method]"
    return payment_methods.usable(call, given["default_payment_method"], subscription["customer"], param)


def put_terms(call: Call, subscription: Document, phase: Document) -> None:
    """Apply a phase's terms; what it does not name is forgotten."""
    settings = phase["invoice_settings"] or NO_INVOICE_SETTINGS
    kept = ("account_tax_ids", "custom_fields", "description", "footer")
    subscription.update(
        automatic_tax=phase["automatic_tax"] or dict(NOTHING_YET["automatic_tax"]),
        collection_method=phase["collection_method"] or "charge_automatically",
        days_until_due=settings["days_until_due"],
        default_payment_method=phase["default_payment_method"],
        default_tax_rates=list(phase["default_tax_rates"]),
        description=phase["description"],
        invoice_settings={name: settings[name] for name in kept} | {"issuer": {"type": "self"}},
        metadata=merged(subscription["metadata"], phase["metadata"]),
    )
    grant(call, subscription, subscription, phase["discounts"])


def put_item_terms(call: Call, subscription: Document, phase: Document) -> None:
    """Apply the discounts and tax rates of a phase's items; those not named are forgotten."""
    items = {item["price"]: item for item in phase["items"]}
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        named = items.get(item["price"], {"discounts": [], "metadata": {}, "tax_rates": []})
        item["tax_rates"] = list(named["tax_rates"])
        item["metadata"] = merged(item["metadata"], named["metadata"])
        grant(call, subscription, item, named["discounts"])


def grant(call: Call, subscription: Document, owner: Document, discounts: list[Document]) -> None:
    """Give a subscription or an item a phase's discounts; one that ended meanwhile, or was for one invoice, is over."""
    wanted = [{name: value for name, value in one.items() if value is not None} for one in discounts]
    left = discounts_of(call, subscription)
    wanted = [one for one in wanted if "discount" not in one or one["discount"] in left]
    for discount in put_discounts(call, subscription, owner, wanted):
        redemption.redeem(call, discount)
