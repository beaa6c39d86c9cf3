"""Starting a subscription: its items, its first invoice, and whether that is paid."""

from decimal import Decimal

from billingportal.sandbox.amounts import total
from billingportal.sandbox.billing import collecting, invoicing
from billingportal.sandbox.billing.items import check_together, make_item, price_for, quantity_for, set_period
from billingportal.sandbox.billing.lines import period_drafts, trial_draft
from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit, updating
from billingportal.sandbox.clock import now
from billingportal.sandbox.errors import Refused, invalid
from billingportal.sandbox.fields import merged, or_none
from billingportal.sandbox.identifiers import new_id
from billingportal.sandbox.present import ENDED
from billingportal.sandbox.resources import payment_methods
from billingportal.sandbox.wire import Document

DAY = 24 * 3600
LONGEST_TRIAL = 2 * 366 * DAY


def create(call: Call) -> Document:
    """A new subscription. Raises Refused before anything is kept."""
    given = call.parameters
    customer = call.given("customer", "customer")
    prices = [price_for(call, item, f"items[{position}]") for position, item in enumerate(given["items"])]
    currency = str(given.get("currency", prices[0]["currency"] if prices else "")).lower()
    flexible = given.get("billing_mode", {}).get("type", "flexible") == "flexible"
    check_together(call, prices, currency, flexible=flexible)
    check_currency_of(call, customer, currency)
    trial_end = trial_end_of(call)
    subscription = blank_subscription(call, customer, currency, trial_end)
    quantities = [
        quantity_for(price, item, f"items[{position}]")
        for position, (price, item) in enumerate(zip(prices, given["items"], strict=True))
    ]
    due = sum(
        total(price, Decimal(quantity), currency)
        for price, quantity in zip(prices, quantities, strict=True)
        if quantity is not None and not trial_end
    )
    check_payable(call, subscription, due)
    start(call, subscription, customer, prices)
    return subscription


def check_currency_of(call: Call, customer: Document, currency: str) -> None:
    """Raises Refused when the customer has a running subscription in another currency."""
    for identifier in customer["_subscriptions"]:
        other = call.store.objects["subscription"][identifier]
        if other["status"] not in ENDED and other["currency"] != currency:
            message = (
                "You cannot combine currencies on a single customer. This customer has an active subscription, "
                f"subscription schedule, discount, quote, or invoice item with currency {other['currency']}"
            )
            raise invalid(message)


def trial_end_of(call: Call) -> int | None:
    """When the trial ends, if there is one. Raises Refused for the past and for more than two years."""
    given = call.parameters
    if "trial_end" in given and "trial_period_days" in given:
        raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end")
    if "trial_period_days" in given:
        return int(now() + given["trial_period_days"] * DAY)
    end = given.get("trial_end", "now")
    if end == "now":
        return None
    if not now() < end <= now() + LONGEST_TRIAL:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    return int(end)


def check_payable(call: Call, subscription: Document, due: int) -> None:
    """Raises Refused where Stripe makes no subscription that is not paid."""
    behavior = call.parameters.get("payment_behavior", "allow_incomplete")
    if subscription["collection_method"] == "send_invoice" or due == 0 or behavior == "default_incomplete":
        return
    method = collecting.payment_method_of(call.store, subscription)
    if method is None:
        raise Refused(NO_METHOD, code="resource_missing")
    if not method["_pays"] and behavior == "error_if_incomplete":
        raise payment_methods.declined()


def start(call: Call, subscription: Document, customer: Document, prices: list[Document]) -> None:
    """Keep the subscription, invoice its first period and collect."""
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


def first_invoice(call: Call, subscription: Document) -> None:
    """The invoice of the first period; the subscription's status follows from how it is paid."""
    drafts = []
    for identifier in subscription["_items"]:
        item = call.store.objects["subscription_item"][identifier]
        if subscription["trial_end"]:
            drafts.append(trial_draft(call.store, item, subscription["trial_end"]))
        else:
            drafts.extend(period_drafts(call.store, item, subscription["currency"]))
    invoice = invoicing.make_invoice(call, subscription, drafts, "subscription_create")
    invoicing.finalize(call, invoice)
    waits = call.parameters.get("payment_behavior") == "default_incomplete"
    method = None if waits else collecting.payment_method_of(call.store, subscription)
    paid = collecting.collect(call, invoice, method)
    if subscription["trial_end"]:
        subscription["status"] = "trialing"
    elif paid or subscription["collection_method"] == "send_invoice":
        subscription["status"] = "active"


def settle_cancellation(call: Call, subscription: Document, given: Document) -> None:
    """Put the end that was asked for into a subscription whose items have their periods."""
    if "cancel_at_period_end" in given and given.get("cancel_at"):
        raise invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at")
    if "cancel_at_period_end" in given:
        wanted = given["cancel_at_period_end"]
        at = end_of_periods(call, subscription, "max_period_end") if wanted else None
        set_end(subscription, at, at_period_end=wanted)
    if "cancel_at" in given:
        at = given["cancel_at"] or None
        if isinstance(at, str):
            at = end_of_periods(call, subscription, at)
        if at is not None and at <= now():
            raise invalid("The `cancel_at` timestamp must be in the future.", "cancel_at")
        set_end(subscription, at, at_period_end=False)


def set_end(subscription: Document, at: int | None, *, at_period_end: bool) -> None:
    """When the subscription will end, and that it was asked for now."""
    subscription["cancel_at_period_end"] = at_period_end
    subscription["cancel_at"] = at
    subscription["canceled_at"] = None if at is None else now()
    subscription["cancellation_details"]["reason"] = None if at is None else "cancellation_requested"


def end_of_periods(call: Call, subscription: Document, which: str) -> int:
    """The first or the last end of the items' periods."""
    items = call.store.objects["subscription_item"]
    ends = [items[identifier]["current_period_end"] for identifier in subscription["_items"]]
    return int(min(ends) if which == "min_period_end" else max(ends))


def blank_subscription(call: Call, customer: Document, currency: str, trial_end: int | None) -> Document:
    """A subscription without items, incomplete. Raises Refused for a payment method of someone else."""
    given = call.parameters
    method = given.get("default_payment_method")
    if method is not None:
        method = payment_methods.usable(call, method, customer["id"], "default_payment_method")
    mode = given.get("billing_mode", {"type": "flexible"})
    flexible = {"proration_discounts": "included", **mode.get("flexible", {})}
    start_date = given.get("backdate_start_date", now())
    return {
        "id": new_id("sub"),
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": trial_end or given.get("billing_cycle_anchor", now()),
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "flexible": flexible if mode["type"] == "flexible" else None,
            "type": mode["type"],
            "updated_at": now(),
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": given.get("collection_method", "charge_automatically"),
        "created": now(),
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": days_until_due(given),
        "default_payment_method": method,
        "default_source": None,
        "default_tax_rates": [],
        "description": or_none(given.get("description")),
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "latest_invoice": None,
        "livemode": call.livemode,
        "metadata": merged({}, given.get("metadata", {})),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
            **given.get("payment_settings", {}),
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": start_date,
        "status": "incomplete",
        "status_details": None,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": trial_end,
        "trial_settings": given.get(
            "trial_settings",
            {"end_behavior": {"billing_cycle_anchor": "now", "missing_payment_method": "create_invoice"}},
        ),
        "trial_start": now() if trial_end else None,
        "_items": [],
        "_pending": [],
    }


def days_until_due(given: Document) -> int | None:
    """The days a customer has to pay a sent invoice. Raises Refused where they are missing or out of place."""
    sends = given.get("collection_method") == "send_invoice"
    if sends and "days_until_due" not in given:
        message = "You must pass `days_until_due` when `collection_method` is `send_invoice`."
        raise invalid(message, "days_until_due", "parameter_missing")
    if not sends and "days_until_due" in given:
        raise invalid("You can only pass `days_until_due` if `collection_method` is `send_invoice`.", "days_until_due")
    days: int | None = given.get("days_until_due")
    return days


NO_METHOD = (
    "This customer has no attached payment source or default payment method. Please consider adding a default payment "
    "method. For more information, visit "
    "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."
)
