"""One priced line of a subscription. `quantity` is empty for metered prices.

`priced_at` is when the item got its price, by the real time and as far as known; None: when the subscription began.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class SubscriptionItem(Base):
    __tablename__ = "subscription_item"
    __table_args__ = (
        UniqueConstraint("subscription_id", "stripe_subscription_item_id"),
        Index(None, "stripe_price_id"),
    )

    id: Mapped[PrimaryKey]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    stripe_subscription_item_id: Mapped[str]
    stripe_price_id: Mapped[str]
    stripe_product_id: Mapped[str]
    quantity: Mapped[int | None]
    period_started_at: Mapped[datetime]
    period_ends_at: Mapped[datetime]
    priced_at: Mapped[datetime | None]
