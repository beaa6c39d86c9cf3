"""A product at Stripe."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from billingportal.models.stripe_objects.stripe_row import StripeRow
from billingportal.plain_json import JsonObject


class Product(StripeRow):
    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("processor_account_id", "stripe_product_id"),)

    stripe_product_id: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    active: Mapped[bool]
    unit_label: Mapped[str | None]
    default_stripe_price_id: Mapped[str | None]
    labels: Mapped[JsonObject]
    created_at: Mapped[datetime]
