"""Parameters of the operations on prices."""

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
    YES,
)
from billingportal.sandbox.http.parameter_types import Choice, Integer, Number, Text
from billingportal.sandbox.http.parameters import Clearable, Either, Kind, Many, Record, Table

AMOUNT, EXACT = Integer(least=0), Number(least=0)
CUSTOM_AMOUNT = Record({"enabled": YES, "maximum": AMOUNT, "minimum": AMOUNT, "preset": AMOUNT}, required=("enabled",))
TIER = Record(
    {
        "flat_amount": AMOUNT,
        "flat_amount_decimal": EXACT,
        "unit_amount": AMOUNT,
        "unit_amount_decimal": EXACT,
        "up_to": Either(DIGITS, Integer(least=1), Choice("inf")),
    },
    required=("up_to",),
)
MONEY: dict[str, Kind] = {
    "custom_unit_amount": CUSTOM_AMOUNT,
    "tax_behavior": TAX_BEHAVIOR,
    "tiers": Many(TIER),
    "unit_amount": AMOUNT,
    "unit_amount_decimal": EXACT,
}
CURRENCY_OPTION = Record(MONEY)
PRODUCT_DATA = Record(
    {
        "active": YES,
        "id": TEXT,
        "metadata": METADATA,
        "name": TEXT,
        "statement_descriptor": Text(22),
        "tax_code": TEXT,
        "tax_details": Record({"performance_location": TEXT, "tax_code": CLEARABLE_TEXT}),
        "unit_label": TEXT,
    },
    required=("name",),
)
CREATE = Record(
    {
        **MONEY,
        "active": YES,
        "billing_scheme": Choice("per_unit", "tiered"),
        "currency": TEXT,
        "currency_options": Table(CURRENCY_OPTION),
        "lookup_key": Text(200),
        "metadata": METADATA,
        "nickname": TEXT,
        "product": TEXT,
        "product_data": PRODUCT_DATA,
        "recurring": Record(
            {
                "interval": INTERVAL,
                "interval_count": Integer(least=1),
                "meter": TEXT,
                "trial_period_days": Integer(least=1, most=730),
                "usage_type": Choice("licensed", "metered"),
            },
            required=("interval",),
            retired={
                "aggregate_usage": "Received unknown parameter: recurring[aggregate_usage]. "
                "Use a billing meter's default_aggregation instead."
            },
        ),
        "tiers_mode": Choice("graduated", "volume"),
        "transfer_lookup_key": YES,
        "transform_quantity": Record(
            {"divide_by": Integer(least=1), "round": Choice("down", "up")}, required=("divide_by", "round")
        ),
        **EXPAND,
    },
    required=("currency",),
)
UPDATE = Record(
    {
        "active": YES,
        "currency_options": Clearable(Table(CURRENCY_OPTION)),
        "lookup_key": Clearable(Text(200)),
        "metadata": METADATA,
        "nickname": CLEARABLE_TEXT,
        "tax_behavior": TAX_BEHAVIOR,
        "transfer_lookup_key": YES,
        **EXPAND,
    }
)
LIST = Record(
    {
        "active": YES,
        "created": RANGE,
        "currency": TEXT,
        "lookup_keys": Many(TEXT, most=10),
        "product": TEXT,
        "recurring": Record({"interval": INTERVAL, "meter": TEXT, "usage_type": Choice("licensed", "metered")}),
        "type": Choice("one_time", "recurring"),
        **PAGE,
    }
)
