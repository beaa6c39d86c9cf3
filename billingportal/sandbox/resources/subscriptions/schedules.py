"""Subscription schedules: planned changes of a subscription."""

from dataclasses import replace

from billingportal.sandbox.billing.schedules import lifecycle as schedule_lifecycle
from billingportal.sandbox.billing.schedules import phase_changes
from billingportal.sandbox.billing.schedules.lifecycle import KIND
from billingportal.sandbox.billing.schedules.phases import read_phases
from billingportal.sandbox.billing.subscription import cancellation as subscription_cancellation
from billingportal.sandbox.billing.time import clocks
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import (
    CLEARABLE_TEXT,
    DIGITS,
    EXPAND,
    INTERVAL,
    METADATA,
    ONLY_EXPAND,
    PAGE,
    RANGE,
    TEXT,
    TIMESTAMP,
    YES,
    merged,
)
from billingportal.sandbox.http.lists import Page, Test, created_within, equal, page, within
from billingportal.sandbox.http.parameter_types import Choice, Integer
from billingportal.sandbox.http.parameters import Either, Many, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.subscriptions.parameters import (
    DISCOUNTS,
    INVOICE_SETTINGS,
    PRORATION,
    QUANTITY,
    TAX_RATES,
)
from billingportal.sandbox.state.changes import updating

LIABILITY = Record({"type": Choice("self")}, required=("type",), absent=("account",))
MOMENT = Either(DIGITS, TIMESTAMP, Choice("now"))
ITEM = Record(
    {"discounts": DISCOUNTS, "metadata": METADATA, "price": TEXT, "quantity": QUANTITY, "tax_rates": TAX_RATES},
    absent=("billing_thresholds", "plan", "price_data"),
)
PHASE = Record(
    {
        "automatic_tax": Record({"enabled": YES, "liability": LIABILITY}, required=("enabled",)),
        "billing_cycle_anchor": Choice("automatic", "phase_start"),
        "collection_method": Choice("charge_automatically", "send_invoice"),
        "currency": TEXT,
        "default_payment_method": TEXT,
        "default_tax_rates": TAX_RATES,
        "description": CLEARABLE_TEXT,
        "discounts": DISCOUNTS,
        "duration": Record({"interval": INTERVAL, "interval_count": Integer(least=1)}, required=("interval",)),
        "end_date": MOMENT,
        "invoice_settings": Record({**INVOICE_SETTINGS, "days_until_due": Integer(least=0)}),
        "items": Many(ITEM, most=20),
        "metadata": METADATA,
        "proration_behavior": PRORATION,
        "start_date": MOMENT,
        "trial_end": MOMENT,
    },
    required=("items",),
    retired={"iterations": "Received unknown parameter: phases[iterations]. Did you mean duration?"},
    absent=(
        "add_invoice_items",
        "application_fee_percent",
        "billing_thresholds",
        "on_behalf_of",
        "transfer_data",
        "trial",
    ),
)
END_BEHAVIOR = Choice("cancel", "release")
CREATE = Record(
    {"from_subscription": TEXT, "metadata": METADATA, **EXPAND},
    absent=(
        "billing_mode",
        "customer",
        "customer_account",
        "default_settings",
        "end_behavior",
        "pause_schedules",
        "phases",
        "start_date",
    ),
)
UPDATE = Record(
    {
        "end_behavior": END_BEHAVIOR,
        "metadata": METADATA,
        "phases": Many(PHASE),
        "proration_behavior": PRORATION,
        **EXPAND,
    },
    absent=("default_settings", "pause_schedules"),
)
DATES = ("canceled_at", "completed_at", "released_at")
LIST = Record(
    {"created": RANGE, "customer": TEXT, "scheduled": YES, **dict.fromkeys(DATES, RANGE), **PAGE},
    absent=("customer_account",),
)
CANCEL = Record({"invoice_now": YES, "prorate": YES, **EXPAND})
RELEASE = Record({"preserve_cancel_date": YES, **EXPAND})


def create(call: Call) -> Document:
    """A schedule for a running subscription."""
    if "from_subscription" not in call.parameters:
        message = "The sandbox makes schedules only with `from_subscription`; Stripe does without."
        raise invalid(message, "from_subscription", "parameter_missing")
    if "metadata" in call.parameters:
        raise invalid("You cannot set `metadata` if `from_subscription` is set.", "metadata")
    return schedule_lifecycle.attach(call, call.given("subscription", "from_subscription"))


def retrieve(call: Call, identifier: str) -> Document:
    """One schedule."""
    return call.need(KIND, identifier, "schedule")


def index(call: Call) -> Page:
    """Schedules, newest first."""
    tests = (
        equal(call, "customer"),
        clocks.in_the_open(call, "customer"),
        created_within(call),
        *(dated(call, name) for name in DATES),
        not_started(call),
    )
    return page(call, KIND, "/v1/subscription_schedules", call.store.newest_first(KIND), *tests)


def dated(call: Call, name: str) -> Test:
    """By one of a schedule's end times."""
    wanted = call.parameters.get(name)
    return lambda schedule: within(schedule[name], wanted)


def not_started(call: Call) -> Test:
    """Only those that have not begun, if requested."""
    return lambda schedule: not call.parameters.get("scheduled") or schedule["status"] == "not_started"


def update(call: Call, identifier: str) -> Document:
    """Replace the phases. Changes of the current phase apply at once."""
    schedule = call.need(KIND, identifier, "schedule")
    given = call.parameters
    schedule_lifecycle.check_under_way(schedule, "update")
    subscription = schedule_lifecycle.subscription_of(call, schedule)
    phases = read_phases(call, schedule, subscription) if "phases" in given else schedule["phases"]
    with updating(call, f"{KIND}.updated", schedule):
        if "metadata" in given:
            schedule["metadata"] = merged(schedule["metadata"], given["metadata"])
        schedule_lifecycle.plan(call, schedule, phases, str(given.get("end_behavior", schedule["end_behavior"])))
    phase_changes.follow(call, schedule, given.get("proration_behavior", "create_prorations"))
    return schedule


def cancel(call: Call, identifier: str) -> Document:
    """End the schedule and its subscription now, with a last invoice unless the request declines it."""
    schedule = call.need(KIND, identifier, "schedule")
    schedule_lifecycle.check_under_way(schedule, "cancel")
    terms = {name: call.parameters.get(name, True) for name in ("invoice_now", "prorate")}
    subscription_cancellation.cancel(
        replace(call, parameters=terms), schedule_lifecycle.subscription_of(call, schedule)
    )
    return schedule


def release(call: Call, identifier: str) -> Document:
    """End the schedule and leave its subscription as it is."""
    schedule = call.need(KIND, identifier, "schedule")
    schedule_lifecycle.check_under_way(schedule, "release")
    schedule_lifecycle.release(call, schedule, keeps_end=call.parameters.get("preserve_cancel_date", False))
    return schedule


READ, WRITE = "subscription_schedules:read", "subscription_schedules:write"
PATH = "/v1/subscription_schedules"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
    Operation("POST", f"{PATH}/{{id}}/cancel", KIND, cancel, CANCEL, WRITE),
    Operation("POST", f"{PATH}/{{id}}/release", KIND, release, RELEASE, WRITE),
]
