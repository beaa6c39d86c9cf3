"""Cancellations of subscriptions: reason, time and author."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class Cancellation(Base):
    """`reason` is one of Stripe's values (`too_expensive`, `unused`, ...) or empty. `staff_id` None: by the client."""

    __tablename__ = "cancellation"

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_subscription_id: Mapped[str] = mapped_column(index=True)
    is_at_once: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(40), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
