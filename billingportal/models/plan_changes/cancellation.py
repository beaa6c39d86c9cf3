"""Why and when a subscription was cancelled, and by whom. The reason is asked once."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class Cancellation(Base):
    """`reason` is one of Stripe's own words (`too_expensive`, `unused`, ...) or empty. No staff: the client did it."""

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
