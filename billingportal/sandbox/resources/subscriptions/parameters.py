"""Parameters of the operations on subscriptions and their items."""

import re

from billingportal.sandbox.http.fields import (
    CLEARABLE_TEXT,
    DIGITS,
    EXPAND,
    INTERVAL,
    METADATA,
    PAGE,
    RANGE,
    TAX_BEHAVIOR,
    TEXT,
    TIMESTAMP,
    YES,
)
from billingportal.sandbox.http.parameter_types import Choice, Integer, Number, Text
from billingportal.sandbox.http.parameters import Clearable, Either, Kind, Many, Record

QUANTITY = Integer(least=0, most=999_999_999)
MISSING_METHOD = Choice("cancel", "create_invoice", "pause")
PRICE_DATA = Record(
    {
        "currency": TEXT,
        "product": TEXT,
        "recurring": Record({"interval": INTERVAL, "interval_count": Integer(least=1)}, required=("interval",)),
        "tax_behavior": TAX_BEHAVIOR,
        "unit_amount": Integer(least=0),
        "unit_amount_decimal": Number(least=0),
    },
    required=("currency", "product", "recurring"),
)
DISCOUNTS = Clearable(Many(Record({"coupon": TEXT, "discount": TEXT, "promotion_code": TEXT}), most=20))
TAX_RATES = Clearable(Many(TEXT, most=5))
ITEM_ABSENT = ("billing_thresholds", "current_trial", "plan")
ITEM: dict[str, Kind] = {
    "discounts": DISCOUNTS,
    "metadata": METADATA,
    "price": TEXT,
    "price_data": PRICE_DATA,
    "quantity": QUANTITY,
    "tax_rates": TAX_RATES,
}
INVOICE_SETTINGS: dict[str, Kind] = {
    "account_tax_ids": Clearable(Many(TEXT)),
    "custom_fields": Clearable(
        Many(Record({"name": Text(40), "value": Text(140)}, required=("name", "value")), most=4)
    ),
    "description": CLEARABLE_TEXT,
    "footer": CLEARABLE_TEXT,
    "issuer": Record({"type": Choice("self")}, required=("type",), absent=("account",)),
}
CHANGED_ITEM = Record({**ITEM, "id": TEXT, "deleted": YES, "clear_usage": YES}, absent=ITEM_ABSENT)
NOW = re.compile(r"now\Z")
TRIAL_END = Either(NOW, Choice("now"), TIMESTAMP)
TRIAL_SETTINGS = Record(
    {
        "end_behavior": Record(
            {"billing_cycle_anchor": Choice("now", "unchanged"), "missing_payment_method": MISSING_METHOD},
            required=("missing_payment_method",),
        )
    },
    required=("end_behavior",),
)
PAYMENT_BEHAVIOR = Choice("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
PRORATION = Choice("always_invoice", "create_prorations", "none")
CANCEL_AT = Either(DIGITS, TIMESTAMP, Choice("max_billed_until", "max_period_end", "min_period_end"))
FEEDBACK = Choice(
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
CANCELLATION = Record({"comment": CLEARABLE_TEXT, "feedback": Clearable(FEEDBACK), "feedback_option": TEXT})
COMMON: dict[str, Kind] = {
    "automatic_tax": Record({"enabled": YES}, required=("enabled",)),
    "cancel_at_period_end": YES,
    "collection_method": Choice("charge_automatically", "send_invoice"),
    "days_until_due": Integer(least=0),
    "default_payment_method": TEXT,
    "description": CLEARABLE_TEXT,
    "default_tax_rates": TAX_RATES,
    "discounts": DISCOUNTS,
    "invoice_settings": Record(INVOICE_SETTINGS),
    "metadata": METADATA,
    "off_session": YES,
    "payment_behavior": PAYMENT_BEHAVIOR,
    "payment_settings": Record({"save_default_payment_method": Choice("off", "on_subscription")}),
    "proration_behavior": PRORATION,
    "trial_end": TRIAL_END,
    "trial_from_plan": YES,
    "trial_settings": TRIAL_SETTINGS,
    **EXPAND,
}
ABSENT = (
    "add_invoice_items",
    "application_fee_percent",
    "billing_schedules",
    "billing_thresholds",
    "default_source",
    "on_behalf_of",
    "pending_invoice_item_interval",
    "transfer_data",
)
WORDS = "Received unknown parameter: {0}. Did you mean {1}?"
RETIRED = {name: WORDS.format(name, "discounts") for name in ("coupon", "promotion_code")}
BILLING_MODE = Record(
    {
        "flexible": Record({"proration_discounts": Choice("included", "itemized")}),
        "type": Choice("classic", "flexible"),
    },
    required=("type",),
)
CREATE = Record(
    {
        **COMMON,
        "backdate_start_date": TIMESTAMP,
        "billing_cycle_anchor": TIMESTAMP,
        "billing_mode": BILLING_MODE,
        "cancel_at": CANCEL_AT,
        "currency": TEXT,
        "customer": TEXT,
        "items": Many(Record(ITEM, absent=ITEM_ABSENT)),
        "trial_period_days": Integer(least=1, most=730),
    },
    required=("customer", "items"),
    retired=RETIRED,
    absent=(*ABSENT, "billing_cycle_anchor_config", "customer_account"),
)
UPDATE = Record(
    {
        **COMMON,
        "billing_cycle_anchor": Record({"type": Choice("now", "unchanged")}, required=("type",)),
        "cancel_at": Clearable(CANCEL_AT),
        "cancellation_details": CANCELLATION,
        "items": Many(CHANGED_ITEM),
        "pause_collection": Clearable(
            Record(
                {"behavior": Choice("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": TIMESTAMP},
                required=("behavior",),
            )
        ),
        "proration_date": TIMESTAMP,
    },
    retired=RETIRED,
    absent=ABSENT,
)
LIST = Record(
    {
        "collection_method": Choice("charge_automatically", "send_invoice"),
        "created": RANGE,
        "current_period_end": RANGE,
        "current_period_start": RANGE,
        "customer": TEXT,
        "price": TEXT,
        "status": Choice(
            "active",
            "all",
            "canceled",
            "ended",
            "incomplete",
            "incomplete_expired",
            "past_due",
            "paused",
            "trialing",
            "unpaid",
        ),
        "test_clock": TEXT,
        **PAGE,
    },
    absent=("automatic_tax", "customer_account", "plan"),
)
CANCEL = Record({"cancellation_details": CANCELLATION, "invoice_now": YES, "prorate": YES, **EXPAND})
CHANGE: dict[str, Kind] = {
    "payment_behavior": PAYMENT_BEHAVIOR,
    "proration_behavior": PRORATION,
    "proration_date": TIMESTAMP,
}
ITEM_CREATE = Record({**ITEM, **CHANGE, "subscription": TEXT, **EXPAND}, required=("subscription",), absent=ITEM_ABSENT)
ITEM_UPDATE = Record({**ITEM, **CHANGE, "off_session": YES, **EXPAND}, absent=ITEM_ABSENT)
ITEM_DELETE = Record({**CHANGE, "clear_usage": YES, **EXPAND})
ITEM_LIST = Record({"subscription": TEXT, **PAGE}, required=("subscription",))
BILLED_THROUGH = Record({"type": Choice("none", "now")}, required=("type",))
UNUSED_FROM = Record({"type": Choice("item_current_period_start", "none", "now")}, required=("type",))
PAUSE: dict[str, Kind] = {
    "bill_for": Record({"outstanding_usage_through": BILLED_THROUGH, "unused_time_from": UNUSED_FROM}),
    "invoicing_behavior": Choice("invoice", "pending_invoice_item"),
    "type": Choice("subscription"),
}
RESUME = Record(
    {
        "billing_cycle_anchor": Record({"type": Choice("now", "unchanged")}, required=("type",)),
        "payment_behavior": Choice("resume_on_payment_attempt", "resume_on_payment_success"),
        "proration_behavior": PRORATION,
        "proration_date": TIMESTAMP,
        **EXPAND,
    }
)
