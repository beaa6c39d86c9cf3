"""Terms of a price as the portal stores them, and as the sandbox does."""

from collections.abc import Mapping
from typing import cast

from billingportal.clock import from_unix
from billingportal.domain.prices.pricing import Terms, Tier
from billingportal.models import Price
from billingportal.plain_json import Json, JsonObject
from billingportal.sandbox.http.wire import Document


def price_row(terms: Mapping[str, Terms], currency: str, usage_type: str = "licensed") -> Price:
    """A price with these terms by currency, as the portal holds it after reading it from Stripe."""
    own = terms[currency]
    return Price(
        stripe_price_id="price_1",
        stripe_product_id="prod_1",
        active=True,
        currency=currency,
        type="recurring",
        billing_scheme="tiered" if own.tiers_mode else "per_unit",
        tiers_mode=own.tiers_mode,
        unit_amount_decimal=None if own.tiers_mode else own.unit_amount,
        is_custom_amount=False,
        interval="month",
        interval_count=1,
        usage_type=usage_type,
        stripe_meter_id="mtr_1" if usage_type == "metered" else None,
        package_size=own.package.size if own.package else None,
        package_round=own.package.rounding if own.package else None,
        tiers=stored_tiers(own),
        currency_options={name: stored_option(option) for name, option in terms.items()},
        labels={},
        created_at=from_unix(0),
    )


def stored_option(terms: Terms) -> JsonObject:
    amount = None if terms.tiers_mode else format(terms.unit_amount, "f")
    return {"unit_amount_decimal": amount, "tax_behavior": None, "tiers": stored_tiers(terms)}


def stored_tiers(terms: Terms) -> list[Json] | None:
    return [cast(Json, stored_tier(tier)) for tier in terms.tiers] if terms.tiers_mode else None


def stored_tier(tier: Tier) -> JsonObject:
    """A part that is nothing is null, as Stripe shows one that was never given."""
    return {
        "up_to": tier.up_to,
        "unit_amount_decimal": format(tier.unit_amount, "f") if tier.unit_amount else None,
        "flat_amount_decimal": format(tier.flat_amount, "f") if tier.flat_amount else None,
    }


def terms_in_words_of_the_sandbox(terms: Mapping[str, Terms], currency: str, usage_type: str = "licensed") -> Document:
    """The same price as Stripe's API shows it."""
    own = terms[currency]
    package = own.package and {"divide_by": own.package.size, "round": own.package.rounding}
    return {
        **stored_option(own),
        "billing_scheme": "tiered" if own.tiers_mode else "per_unit",
        "currency": currency,
        "currency_options": {name: stored_option(option) for name, option in terms.items()},
        "recurring": {"interval": "month", "interval_count": 1, "usage_type": usage_type},
        "tiers_mode": own.tiers_mode,
        "transform_quantity": package,
    }
