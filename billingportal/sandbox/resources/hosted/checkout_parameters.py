"""Parameters of the operations on checkout sessions."""

from billingportal.sandbox.http.fields import EXPAND, METADATA, PAGE, RANGE, TEXT, TIMESTAMP, YES
from billingportal.sandbox.http.parameter_types import Choice, Integer, Text
from billingportal.sandbox.http.parameters import Clearable, Kind, Many, Record
from billingportal.sandbox.resources.subscriptions.parameters import BILLING_MODE, MISSING_METHOD, PRICE_DATA, QUANTITY

LOCALES = """
auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru
sk sl sv th tr vi zh zh-HK zh-TW
"""
ENABLED = Record({"enabled": YES}, required=("enabled",))
ADJUSTABLE = Record({"enabled": YES, "maximum": QUANTITY, "minimum": QUANTITY}, required=("enabled",))
LINE = Record(
    {
        "adjustable_quantity": ADJUSTABLE,
        "metadata": METADATA,
        "price": TEXT,
        "price_data": PRICE_DATA,
        "quantity": QUANTITY,
    },
    absent=("tax_rates",),
)
ENDING = Record({"missing_payment_method": MISSING_METHOD}, required=("missing_payment_method",))
SUBSCRIPTION_DATA = Record(
    {
        "billing_cycle_anchor": TIMESTAMP,
        "billing_mode": BILLING_MODE,
        "description": Text(500),
        "metadata": METADATA,
        "proration_behavior": Choice("create_prorations", "none"),
        "trial_end": TIMESTAMP,
        "trial_period_days": Integer(least=1, most=730),
        "trial_settings": Record({"end_behavior": ENDING}, required=("end_behavior",)),
    },
    absent=(
        "application_fee_percent",
        "billing_cycle_anchor_config",
        "default_tax_rates",
        "invoice_settings",
        "on_behalf_of",
        "pending_invoice_item_interval",
        "transfer_data",
    ),
)
CONSENT = Record(
    {
        "payment_method_reuse_agreement": Record({"position": Choice("auto", "hidden")}, required=("position",)),
        "promotions": Choice("auto", "none"),
        "terms_of_service": Choice("none", "required"),
    }
)
MESSAGE = Clearable(Record({"message": Text(1200)}, required=("message",)))
AUTO = Choice("auto", "never")
DISCOUNT = Record({"coupon": TEXT, "promotion_code": TEXT})
FIELDS: dict[str, Kind] = {
    "adaptive_pricing": Record({"enabled": YES}),
    "after_expiration": Record(
        {"recovery": Record({"allow_promotion_codes": YES, "enabled": YES}, required=("enabled",))}
    ),
    "allow_promotion_codes": YES,
    "allowed_payment_method_types": Many(TEXT),
    "automatic_tax": Record({"enabled": YES}, required=("enabled",), absent=("liability",)),
    "billing_address_collection": Choice("auto", "required"),
    "cancel_url": TEXT,
    "client_reference_id": Text(200),
    "consent_collection": CONSENT,
    "currency": TEXT,
    "custom_text": Record(
        dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"), MESSAGE)
    ),
    "customer": TEXT,
    "customer_creation": Choice("always", "if_required"),
    "customer_email": Text(800),
    "customer_update": Record({"address": AUTO, "name": AUTO, "shipping": AUTO}),
    "discounts": Many(DISCOUNT, most=1),
    "excluded_payment_method_types": Many(TEXT),
    "expires_at": TIMESTAMP,
    "integration_identifier": TEXT,
    "line_items": Many(LINE),
    "locale": Choice(*LOCALES.split()),
    "metadata": METADATA,
    "mode": Choice("payment", "setup", "subscription"),
    "origin_context": Choice("mobile_app", "web"),
    "payment_method_collection": Choice("always", "if_required"),
    "phone_number_collection": ENABLED,
    "submit_type": Choice("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": SUBSCRIPTION_DATA,
    "success_url": TEXT,
    "tax_id_collection": Record({"enabled": YES, "required": Choice("if_supported", "never")}, required=("enabled",)),
    "ui_mode": Choice("elements", "embedded_page", "form", "hosted_page"),
    **EXPAND,
}
NO_TYPES = (
    "The parameter `payment_method_types` is no longer supported. Remove it from your request, or use "
    "`allowed_payment_method_types` or `excluded_payment_method_types` instead."
)
CREATE = Record(
    FIELDS,
    retired={"payment_method_types": NO_TYPES},
    codes={"payment_method_types": "payment_method_types_no_longer_supported"},
    absent=(
        "branding_settings",
        "custom_fields",
        "customer_account",
        "invoice_creation",
        "managed_payments",
        "name_collection",
        "optional_items",
        "payment_intent_data",
        "payment_method_configuration",
        "payment_method_data",
        "payment_method_options",
        "permissions",
        "redirect_on_completion",
        "return_url",
        "saved_payment_method_options",
        "setup_intent_data",
        "shipping_address_collection",
        "shipping_options",
        "wallet_options",
    ),
)
UPDATE = Record({"metadata": METADATA, **EXPAND}, absent=("collected_information", "line_items", "shipping_options"))
LIST = Record(
    {
        "created": RANGE,
        "customer": TEXT,
        "customer_details": Record({"email": TEXT}, required=("email",)),
        "payment_intent": TEXT,
        "payment_link": TEXT,
        "status": Choice("complete", "expired", "open"),
        "subscription": TEXT,
        **PAGE,
    },
    absent=("customer_account",),
)
LINES = Record(PAGE)
