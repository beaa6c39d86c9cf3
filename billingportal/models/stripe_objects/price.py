"""A price at Stripe, with its tiers and currency options. Amounts in minor units."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.plain_json import Json, JsonObject


class Price(StripeRow):
    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_price_id"),
        Index(None, "processor_account_id", "stripe_product_id"),
        Index(None, "processor_account_id", "lookup_key"),
    )

    stripe_price_id: Mapped[str]
    stripe_product_id: Mapped[str]
    active: Mapped[bool]
    currency: Mapped[str]
    nickname: Mapped[str | None]
    lookup_key: Mapped[str | None]
    type: Mapped[str]
    billing_scheme: Mapped[str]
    tiers_mode: Mapped[str | None]
    unit_amount_decimal: Mapped[Decimal | None]
    is_custom_amount: Mapped[bool]
    interval: Mapped[str | None]
    interval_count: Mapped[int | None]
    usage_type: Mapped[str | None]
    stripe_meter_id: Mapped[str | None]
    package_size: Mapped[int | None]
    package_round: Mapped[str | None]
    tax_behavior: Mapped[str | None]
    tiers: Mapped[list[Json] | None]
    currency_options: Mapped[JsonObject]
    labels: Mapped[JsonObject]
    created_at: Mapped[datetime]
