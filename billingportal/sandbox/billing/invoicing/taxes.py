"""Automatic tax: one percentage for everything, for customers with a known location."""

from dataclasses import dataclass
from decimal import Decimal

from billingportal.sandbox.amounts import rounded
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting

HUNDRED = Decimal(100)
OFF: Document = {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None}
INACTIVE = (
    "Stripe Tax has not been activated on your account. Visit https://dashboard.stripe.com/settings/tax to add your "
    "head office address."
)
NOWHERE = (
    "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax."
)


@dataclass(frozen=True)
class Rate:
    """A customer's tax rate, and the reason if it is zero."""

    percent: Decimal
    reason: str
    rate: str


# The tax of a planted fault, which nobody asked for.
UNASKED = Rate(Decimal(10), "standard_rated", "txr_1UnaskedTax")


def check_active(call: Call) -> None:
    """Raises Refused where the account has no active tax settings."""
    if not settings_of(call)["active"]:
        raise Refused(INACTIVE, code="stripe_tax_inactive", param="automatic_tax")


def check_computable(call: Call, customer: Document, given: Document) -> None:
    """Raises Refused for automatic tax that the account or the customer's location does not allow."""
    if not given.get("enabled"):
        return
    check_active(call)
    if not located(customer):
        raise Refused(NOWHERE, code="customer_tax_location_invalid", param="automatic_tax[enabled]")


def check_own_rates(automatic: Document, given: object, path: str) -> None:
    """Raises Refused for tax rates beside automatic tax."""
    if automatic["enabled"] and given:
        raise invalid("You cannot set tax rates when automatic tax is enabled.", path)


def settings_of(call: Call) -> Document:
    """The tax settings of the account in the call's mode."""
    return setting(call.account, f"tax_{call.store.mode}")


def located(customer: Document) -> bool:
    """Whether the customer's location is enough to compute tax."""
    return bool(customer["address"] and customer["address"]["country"])


def rate_for(call: Call, customer: Document) -> Rate:
    """The tax rate of a customer with a known location."""
    percent = Decimal(settings_of(call)["percent"])
    rate = f"txr_1{customer['address']['country']}{percent.normalize():f}".replace(".", "d")
    if customer["tax_exempt"] == "exempt":
        return Rate(Decimal(0), "customer_exempt", rate)
    if customer["tax_exempt"] == "reverse":
        return Rate(Decimal(0), "reverse_charge", rate)
    return Rate(percent, "standard_rated" if percent else "not_collecting", rate)


def tax_on(amount: int, rate: Rate, behavior: str) -> Document:
    """The tax on an amount of minor units, added to it or, `inclusive`, within it; rounded half up."""
    included = behavior == "inclusive"
    share = rate.percent / (HUNDRED + rate.percent) if included else rate.percent / HUNDRED
    tax = rounded(amount * share)
    return {
        "amount": tax,
        "tax_behavior": "inclusive" if included else "exclusive",
        "tax_rate_details": {"tax_rate": rate.rate},
        "taxability_reason": rate.reason,
        "taxable_amount": amount - tax if included else amount,
        "type": "tax_rate_details",
    }


def behavior(price: Document, currency: str) -> str:
    """The tax behavior of a price in a currency; each currency option has its own."""
    source = price if currency == price["currency"] else price["currency_options"][currency]
    return str(source["tax_behavior"] or "unspecified")


def by_own_rates(call: Call, subscription: Document, item: str, amount: int) -> list[Document]:
    """The taxes on a line by the rates of its item, else by the subscription's; none where there are no rates."""
    known = call.store.find("subscription_item", item)
    names = (known["tax_rates"] if known else []) or subscription["default_tax_rates"]
    rates = [call.store.objects["tax_rate"][name] for name in names]
    within = sum((Decimal(rate["_percentage"]) for rate in rates if rate["inclusive"]), Decimal(0))
    net = amount * HUNDRED / (HUNDRED + within)
    included = [rounded(net * Decimal(rate["_percentage"]) / HUNDRED) if rate["inclusive"] else 0 for rate in rates]
    base = amount - sum(included)
    return [own_tax(rate, base, inside) for rate, inside in zip(rates, included, strict=True)]


def own_tax(rate: Document, base: int, inside: int) -> Document:
    """One tax on a net amount of minor units; `inside` is an inclusive rate's part of the price."""
    tax = inside if rate["inclusive"] else rounded(base * Decimal(rate["_percentage"]) / HUNDRED)
    return {
        "amount": tax,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": base,
        "type": "tax_rate_details",
    }


def together(taxes: list[Document]) -> list[Document]:
    """The taxes of the lines, summed by tax behavior and rate."""
    summed: dict[tuple[str, str], Document] = {}
    for tax in taxes:
        key = (tax["tax_behavior"], tax["tax_rate_details"]["tax_rate"])
        known = summed.setdefault(key, {**tax, "amount": 0, "taxable_amount": 0})
        known["amount"] += tax["amount"]
        known["taxable_amount"] += tax["taxable_amount"]
    return list(summed.values())


def status_of(customer: Document) -> Document:
    """The automatic tax status of an invoice."""
    known = "complete" if located(customer) else "requires_location_inputs"
    return {**OFF, "enabled": True, "liability": {"type": "self"}, "provider": "stripe", "status": known}
