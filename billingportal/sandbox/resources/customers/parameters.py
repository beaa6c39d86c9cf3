"""Parameters of the operations on customers."""

from billingportal.sandbox.http.fields import ADDRESS, CLEARABLE_TEXT, EXPAND, METADATA, PAGE, RANGE, TEXT, YES
from billingportal.sandbox.http.parameter_types import Choice, Integer, Text
from billingportal.sandbox.http.parameters import Clearable, Kind, Many, Record

SHIPPING = Clearable(Record({"address": ADDRESS, "name": TEXT, "phone": CLEARABLE_TEXT}, required=("address", "name")))
PAIR = Record({"name": Text(40), "value": Text(140)}, required=("name", "value"))
RENDERING = Record({"amount_tax_display": Clearable(Choice("exclude_tax", "include_inclusive_tax")), "template": TEXT})
INVOICE_SETTINGS = Record(
    {
        "custom_fields": Clearable(Many(PAIR, most=4)),
        "default_payment_method": CLEARABLE_TEXT,
        "footer": CLEARABLE_TEXT,
        "rendering_options": Clearable(RENDERING),
    }
)
COMMON: dict[str, Kind] = {
    "address": ADDRESS,
    "balance": Integer(),
    "business_name": Clearable(Text(150)),
    "description": CLEARABLE_TEXT,
    "email": Clearable(Text(512)),
    "individual_name": Clearable(Text(150)),
    "invoice_prefix": CLEARABLE_TEXT,
    "invoice_settings": INVOICE_SETTINGS,
    "metadata": METADATA,
    "name": Clearable(Text(256)),
    "next_invoice_sequence": Integer(least=1),
    "phone": CLEARABLE_TEXT,
    "preferred_locales": Many(TEXT),
    "shipping": SHIPPING,
    "tax_exempt": Clearable(Choice("exempt", "none", "reverse")),
    **EXPAND,
}
GONE = "Received unknown parameter: {0}"
RETIRED = {name: GONE.format(name) for name in ("coupon", "promotion_code")}
ABSENT = ("cash_balance", "source", "tax")
CREATE = Record(
    {**COMMON, "payment_method": TEXT, "test_clock": TEXT, "validate": YES},
    retired=RETIRED,
    absent=(*ABSENT, "tax_id_data"),
)
UPDATE = Record({**COMMON, "validate": YES}, retired=RETIRED, absent=(*ABSENT, "default_source"))
LIST = Record({"created": RANGE, "email": TEXT, "test_clock": TEXT, **PAGE})
