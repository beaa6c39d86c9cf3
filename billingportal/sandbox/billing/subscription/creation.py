"""Creates a subscription: its items, its first invoice, and the payment of it."""

from decimal import Decimal

from billingportal.sandbox.amounts import total
from billingportal.sandbox.billing.invoicing import invoice_creation, redemption, taxes
from billingportal.sandbox.billing.invoicing.discount_requests import grant
from billingportal.sandbox.billing.invoicing.discounts import Off, Part, taken_off
from billingportal.sandbox.billing.invoicing.lines import Draft, opens_unbilled, trial_draft
from billingportal.sandbox.billing.invoicing.stubs import is_stub, period_or_share
from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.billing.subscription import trials as subscription_trials
from billingportal.sandbox.billing.subscription.blank_subscription import blank_subscription
from billingportal.sandbox.billing.subscription.items import (
    check_together,
    interval_of,
    make_item,
    price_for,
    quantity_for,
    set_period,
)
from billingportal.sandbox.billing.subscription.scheduled_end import settle_cancellation
from billingportal.sandbox.billing.subscription.terms import put_invoice_settings, put_tax_rates
from billingportal.sandbox.billing.time import clocks
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.periods import after
from billingportal.sandbox.resources.customers import payment_methods
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import emit, updating

DAY = 24 * 3600
LONGEST_TRIAL = 2 * 366 * DAY


def create(call: Call) -> Document:
    """A new subscription. Raises Refused before anything is stored."""
    given = call.parameters
    customer = call.given("customer", "customer")
    prices = [price_for(call, item, f"items[{position}]") for position, item in enumerate(given["items"])]
    currency = str(given.get("currency", prices[0]["currency"] if prices else "")).lower()
    flexible = given.get("billing_mode", {}).get("type", "flexible") == "flexible"
    check_together(call, prices, currency, flexible=flexible)
    check_currency_of(call, customer, currency)
    clocks.check_room(call, customer)
    check_anchor(call, prices)
    trial_end = trial_end_of(call)
    subscription = blank_subscription(call, customer, currency, trial_end)
    quantities = [
        quantity_for(price, item, f"items[{position}]")
        for position, (price, item) in enumerate(zip(prices, given["items"], strict=True))
    ]
    taxes.check_computable(call, customer, given.get("automatic_tax", {}))
    parts = [
        Part(total(price, Decimal(quantity or 0), currency), price["product"])
        for price, quantity in zip(prices, quantities, strict=True)
        if quantity is not None
    ]
    whole = sum(part.amount for part in parts)
    put_tax_rates(call, subscription, given.get("default_tax_rates", []))
    put_invoice_settings(subscription, given.get("invoice_settings", {}))
    discounts = grant(call, subscription, whole)
    off = taken_off(parts, [Off(one) for one in redemption.coupons_of(call.store, discounts)], currency)
    check_payable(call, subscription, 0 if trial_end else whole - sum(sum(amounts) for amounts in off))
    for discount in discounts:
        redemption.redeem(call, discount)
    start(call, subscription, customer, prices)
    return subscription


def check_currency_of(call: Call, customer: Document, currency: str) -> None:
    """Raises Refused when the customer has a running subscription, or an open checkout, in another currency."""
    for other in (*clocks.running(call, customer), *open_checkouts(call, customer)):
        if other["currency"] != currency:
            message = (
                "You cannot combine currencies on a single customer. This customer has an active subscription, "
                "subscription schedule, discount, quote, invoice item, or open subscription mode Checkout Session "
                f"with currency {other['currency']}"
            )
            raise invalid(message)


def open_checkouts(call: Call, customer: Document) -> list[Document]:
    """A customer's checkout sessions that can still be completed."""
    own = [call.store.objects["checkout.session"][identifier] for identifier in customer.get("_sessions", ())]
    return [session for session in own if session["status"] == "open" and call.now() < session["expires_at"]]


def check_anchor(call: Call, prices: list[Document]) -> None:
    """Raises Refused for a billing cycle that would start in the past, or after a whole period."""
    anchor = call.parameters.get("billing_cycle_anchor")
    natural = min(after(call.now(), *interval_of(price)) for price in prices)
    if anchor is not None and not call.now() < anchor <= natural:
        message = f"`billing_cycle_anchor` must be in the future and not later than the next billing date ({natural})."
        raise invalid(message, "billing_cycle_anchor")


def trial_end_of(call: Call) -> int | None:
    """The end of the trial, or None. Raises Refused for the past and for more than two years."""
    given = call.parameters
    if given.keys() & {"trial_end", "trial_period_days"} and planted.happens(call.store, "trial_ignored"):
        return None
    if "trial_end" in given and "trial_period_days" in given:
        raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end")
    if "trial_period_days" in given:
        return int(call.now() + given["trial_period_days"] * DAY)
    end = given.get("trial_end", "now")
    if end == "now":
        return None
    if not call.now() < end <= call.now() + LONGEST_TRIAL:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    return int(end)


def check_payable(call: Call, subscription: Document, due: int) -> None:
    """Raises Refused where Stripe does not create an unpaid subscription."""
    behavior = call.parameters.get("payment_behavior", "allow_incomplete")
    if subscription["collection_method"] == "send_invoice" or due == 0 or behavior == "default_incomplete":
        return
    method = collection.payment_method_of(call.store, subscription)
    if method is None:
        raise Refused(NO_METHOD, code="resource_missing")
    if method["_outcome"] in ("asks", "fails") and behavior == "error_if_incomplete":
        raise payment_methods.declined(method["_decline_code"])


def start(call: Call, subscription: Document, customer: Document, prices: list[Document]) -> None:
    """Store the subscription, invoice its first period and collect."""
    given = call.parameters
    for position, (price, item) in enumerate(zip(prices, given["items"], strict=True)):
        made = make_item(call, subscription, price, item, f"items[{position}]")
        set_period(
            call, made, subscription["start_date"], subscription["billing_cycle_anchor"], subscription["trial_end"]
        )
    call.store.put(subscription)
    customer["_subscriptions"].append(subscription["id"])
    settle_cancellation(call, subscription, given)
    with updating(call, "customer.updated", customer):
        customer["currency"] = customer["currency"] or subscription["currency"]
    first_invoice(call, subscription)
    emit(call, "customer.subscription.created", subscription)
    if subscription["trial_end"] and subscription["trial_end"] - call.now() <= subscription_trials.WARNED_BEFORE:
        subscription_trials.warn(call, subscription)


def first_drafts(call: Call, subscription: Document) -> list[Draft]:
    """The lines of the first period, or of the trial before it."""
    drafts, given = list[Draft](), call.parameters
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        if opens_unbilled(call.store, subscription, item):
            continue
        if subscription["trial_end"]:
            drafts.append(trial_draft(call.store, item, subscription["trial_end"]))
        elif not (given.get("proration_behavior") == "none" and is_stub(call, subscription, item)):
            drafts.extend(period_or_share(call, subscription, item))
    return drafts


def first_invoice(call: Call, subscription: Document) -> None:
    """The invoice of the first period; the subscription's status follows from its payment.

    Flexible mode makes no empty invoice: a subscription of metered prices only starts without one.
    """
    drafts = first_drafts(call, subscription)
    if not drafts and subscription["billing_mode"]["type"] == "flexible":
        subscription["status"] = "trialing" if subscription["trial_end"] else "active"
        return
    invoice = invoice_creation.make_invoice(call, subscription, drafts, "subscription_create")
    invoice_creation.finalize(call, invoice)
    waits = call.parameters.get("payment_behavior") == "default_incomplete"
    method = None if waits else collection.payment_method_of(call.store, subscription)
    outcome = collection.collect(call, invoice, method)
    if subscription["trial_end"]:
        subscription["status"] = "trialing"
    elif outcome in ("paid", "processing") or subscription["collection_method"] == "send_invoice":
        subscription["status"] = "active"


NO_METHOD = (
    "This customer has no attached payment source or default payment method. Please consider adding a default payment "
    "method. For more information, visit "
    "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."
)
