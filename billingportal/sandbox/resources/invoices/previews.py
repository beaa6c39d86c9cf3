"""Invoice previews, never stored."""

from dataclasses import replace

from billingportal.sandbox.billing.invoicing import previews as invoicing_previews
from billingportal.sandbox.billing.invoicing.dry_run import rehearsal
from billingportal.sandbox.billing.subscription import changes as subscription_changes
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import EXPAND, METADATA, TEXT, TIMESTAMP, YES
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Clearable, Many, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import check_currency
from billingportal.sandbox.resources.subscriptions.parameters import (
    BILLING_MODE,
    CANCEL_AT,
    DISCOUNTS,
    ITEM_ABSENT,
    PAUSE,
    PRORATION,
    QUANTITY,
    TAX_RATES,
    TRIAL_END,
)

DETAILS = "subscription_details"
ITEM = Record(
    {
        "clear_usage": YES,
        "deleted": YES,
        "discounts": DISCOUNTS,
        "id": TEXT,
        "metadata": METADATA,
        "price": TEXT,
        "quantity": QUANTITY,
        "tax_rates": TAX_RATES,
    },
    absent=(*ITEM_ABSENT, "price_data"),
)
ANCHOR = Record({"timestamp": TIMESTAMP, "type": Choice("now", "timestamp", "unchanged")}, required=("type",))
SUBSCRIPTION_DETAILS = Record(
    {
        "billing_cycle_anchor": ANCHOR,
        "billing_mode": BILLING_MODE,
        "cancel_at": Clearable(CANCEL_AT),
        "cancel_at_period_end": YES,
        "cancel_now": YES,
        "items": Many(ITEM),
        "metadata": METADATA,
        "pause": Record(PAUSE),
        "proration_behavior": PRORATION,
        "proration_date": TIMESTAMP,
        "resume_at": Choice("now"),
        "trial_end": TRIAL_END,
    },
    absent=("billing_schedules", "default_tax_rates", "start_date"),
)
FOR_EXISTING = ("billing_cycle_anchor", "cancel_at", "cancel_at_period_end", "cancel_now", "pause", "resume_at")
CREATE = Record(
    {
        "automatic_tax": Record({"enabled": YES}, required=("enabled",), absent=("liability",)),
        "currency": TEXT,
        "customer": TEXT,
        "discounts": DISCOUNTS,
        "preview_mode": Choice("next", "recurring"),
        "subscription": TEXT,
        DETAILS: SUBSCRIPTION_DETAILS,
        **EXPAND,
    },
    absent=(
        "customer_account",
        "customer_details",
        "invoice_items",
        "issuer",
        "on_behalf_of",
        "schedule",
        "schedule_details",
    ),
)


def create(call: Call) -> Document:
    """The next invoice of a subscription, or of a new one with the given items; nothing of it is stored."""
    given = call.parameters
    details = given.get(DETAILS, {})
    if "subscription" not in given and not details.get("items"):
        raise invalid(NOTHING_GIVEN)
    subscription = call.given("subscription", "subscription") if "subscription" in given else None
    customer = customer_of(call, subscription)
    currency = currency_of(call, subscription)
    check_proration_date(call, subscription, details)
    check_details(subscription, details)
    terms: Document = {name: given[name] for name in ("automatic_tax", "discounts") if name in given}
    trial = replace(rehearsal(call, {**details, **terms}, subscription), previews=True)
    call.store = trial.store  # the answer shows objects that only the rehearsal has
    recurring = given.get("preview_mode") == "recurring"
    if subscription is None:
        return invoicing_previews.of_new(trial, customer, currency, recurring=recurring)
    return invoicing_previews.of_existing(
        trial, trial.store.objects["subscription"][subscription["id"]], recurring=recurring
    )


def customer_of(call: Call, subscription: Document | None) -> Document:
    """The invoice's customer. Raises Refused for a customer who is not the subscription's."""
    if subscription is None:
        if "customer" not in call.parameters:
            message = "The sandbox previews a new subscription only with a `customer`; Stripe does without."
            raise invalid(message, "customer", "parameter_missing")
        return call.given("customer", "customer")
    owner = subscription["customer"]
    if call.parameters.get("customer", owner) != owner:
        stranger = call.given("customer", "customer")["id"]
        message = f"The customer {stranger} does not have a subscription with ID {subscription['id']}"
        raise Refused(message, status=404, code="resource_missing", param="subscription")
    return call.store.objects["customer"][owner]


def currency_of(call: Call, subscription: Document | None) -> str | None:
    """The requested currency. Raises Refused for an unknown one, and for another than the subscription's."""
    if "currency" not in call.parameters:
        return None
    currency = check_currency(call.parameters["currency"], "currency")
    if subscription is not None and currency != subscription["currency"]:
        message = f"The currency must be that of the subscription: `{subscription['currency']}`, not `{currency}`."
        raise invalid(message, "currency")
    return currency


def check_proration_date(call: Call, subscription: Document | None, details: Document) -> None:
    """Raises Refused for a date with nothing to prorate, or outside the current period."""
    if "proration_date" not in details:
        return
    path = f"{DETAILS}[proration_date]"
    if subscription is None or not (details.get("items") or "trial_end" in details):
        raise invalid(f"`{path}` needs a `subscription` and `{DETAILS}[items]` or `{DETAILS}[trial_end]`.", path)
    if details.get("proration_behavior") == "none":
        raise invalid(f"`{path}` cannot be used with `{DETAILS}[proration_behavior]=none`.", path)
    subscription_changes.check_proration_date(call, subscription, details["proration_date"], path)


def check_details(subscription: Document | None, details: Document) -> None:
    """Raises Refused for parameters that fit only an existing subscription, or only a new one."""
    if subscription is None:
        for name in FOR_EXISTING:
            if name in details:
                path = f"{DETAILS}[{name}]"
                raise invalid(f"The sandbox previews `{path}` only with a `subscription`.", path)
    elif details.get("billing_cycle_anchor", {}).get("type") == "timestamp":
        path = f"{DETAILS}[billing_cycle_anchor][type]"
        raise invalid("For existing subscriptions, this can only be set to `now` or `unchanged`.", path)


NOTHING_GIVEN = (
    "You must provide at least one of: `subscription`, `schedule`, `subscription_details.items`, "
    "`schedule_details.phases`, `invoice_items`."
)
OPERATIONS = [
    Operation("POST", "/v1/invoices/create_preview", "invoice", create, CREATE, "invoices:write"),
]
