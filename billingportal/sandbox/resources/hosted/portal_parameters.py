"""Parameters of the operations on the customer portal."""

from billingportal.sandbox.http.fields import CLEARABLE_TEXT, EXPAND, INTERVAL, METADATA, PAGE, TEXT, TIMESTAMP, YES
from billingportal.sandbox.http.parameter_types import Choice, Integer, Text
from billingportal.sandbox.http.parameters import Clearable, Kind, Many, Record
from billingportal.sandbox.resources.subscriptions.parameters import FEEDBACK, PRORATION, QUANTITY

UPDATES = Clearable(Many(Choice("address", "email", "name", "phone", "shipping", "tax_id")))
REASON = Record({"enabled": YES, "feedback_options": Clearable(Many(TEXT)), "options": Clearable(Many(FEEDBACK))})
PAUSE_OPTION = Record({"interval": INTERVAL, "interval_count": Integer(least=1)}, required=("interval",))
DURATION = Record(
    {"interval_options": Clearable(Many(PAUSE_OPTION)), "type": Choice("indefinite", "interval_options")},
    required=("type",),
)
ADJUSTABLE = Record(
    {"enabled": YES, "maximum": Integer(least=1), "minimum": Integer(least=0)},
    required=("enabled",),
)
PRODUCT = Record(
    {"adjustable_quantity": ADJUSTABLE, "prices": Many(TEXT), "product": TEXT}, required=("prices", "product")
)
CONDITION = Record({"type": Choice("decreasing_item_amount", "shortening_interval")}, required=("type",))
# Feature -> its parameters.
FEATURES: dict[str, dict[str, Kind]] = {
    "customer_update": {"allowed_updates": UPDATES, "enabled": YES},
    "invoice_history": {"enabled": YES},
    "payment_method_update": {"enabled": YES, "payment_method_configuration": CLEARABLE_TEXT},
    "subscription_cancel": {
        "cancellation_reason": REASON,
        "enabled": YES,
        "mode": Choice("at_period_end", "immediately"),
        "proration_behavior": PRORATION,
    },
    "subscription_pause": {"duration": DURATION, "enabled": YES},
    "subscription_update": {
        "billing_cycle_anchor": Choice("now", "unchanged"),
        "default_allowed_updates": Clearable(Many(Choice("price", "promotion_code", "quantity"))),
        "enabled": YES,
        "products": Clearable(Many(PRODUCT, most=10)),
        "proration_behavior": PRORATION,
        "schedule_at_period_end": Record({"conditions": Many(CONDITION)}),
        "trial_update_behavior": Choice("continue_trial", "end_trial"),
    },
}
OPTIONAL = ("subscription_pause",)
NEW_FEATURES = Record(
    {name: Record(fields, required=() if name in OPTIONAL else ("enabled",)) for name, fields in FEATURES.items()}
)
CHANGED_FEATURES = Record({name: Record(fields) for name, fields in FEATURES.items()})
PROFILE = Record(dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"), CLEARABLE_TEXT))
COMMON: dict[str, Kind] = {
    "business_profile": PROFILE,
    "default_return_url": CLEARABLE_TEXT,
    "login_page": Record({"enabled": YES}, required=("enabled",)),
    "metadata": METADATA,
    "name": CLEARABLE_TEXT,
    **EXPAND,
}
CREATE = Record({**COMMON, "features": NEW_FEATURES}, required=("features",))
UPDATE = Record({**COMMON, "active": YES, "features": CHANGED_FEATURES})
LIST = Record({"active": YES, "is_default": YES, **PAGE})

OF_SUBSCRIPTION = Record({"subscription": TEXT}, required=("subscription",))
OFFER = Record({"coupon": TEXT}, required=("coupon",))
RETENTION = Record({"coupon_offer": OFFER, "type": Choice("coupon_offer")}, required=("coupon_offer", "type"))
CONFIRMED = Record({"id": TEXT, "price": TEXT, "quantity": QUANTITY}, required=("id",))
FLOW = Record(
    {
        "after_completion": Record(
            {
                "hosted_confirmation": Record({"custom_message": Text(500)}),
                "redirect": Record({"return_url": TEXT}, required=("return_url",)),
                "type": Choice("hosted_confirmation", "portal_homepage", "redirect"),
            },
            required=("type",),
        ),
        "subscription_cancel": Record({"retention": RETENTION, "subscription": TEXT}, required=("subscription",)),
        "subscription_pause": OF_SUBSCRIPTION,
        "subscription_update": OF_SUBSCRIPTION,
        "subscription_update_confirm": Record(
            {"items": Many(CONFIRMED, most=1), "subscription": TEXT},
            required=("items", "subscription"),
            absent=("discounts",),
        ),
        "type": Choice(
            "customer_update",
            "payment_method_update",
            "subscription_cancel",
            "subscription_pause",
            "subscription_update",
            "subscription_update_confirm",
        ),
    },
    required=("type",),
)
LOGIN = Record({"customer_login": Record({"expires_at": TIMESTAMP}), "type": Choice("customer_login")}, ("type",))
LOCALES = (
    "auto bg cs da de el en en-AU en-CA en-GB en-IE en-IN en-NZ en-SG es es-419 et fi fil fr fr-CA hr hu id it ja ko "
    "lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
)
SESSION = Record(
    {
        "after_expiration": LOGIN,
        "configuration": TEXT,
        "customer": TEXT,
        "flow_data": FLOW,
        "locale": Choice(*LOCALES.split()),
        "return_url": TEXT,
        **EXPAND,
    },
    required=("customer",),
    absent=("customer_account", "on_behalf_of"),
)
