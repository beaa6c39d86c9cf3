"""A Stripe customer that staff chose not to link to any client."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class IgnoredCustomer(Base):
    """Ignored customers have a list of their own, from which staff can restore them."""

    __tablename__ = "ignored_customer"
    __table_args__ = (UniqueConstraint("processor_account_id", "stripe_customer_id"),)

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_customer_id: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ignored_at: Mapped[datetime]
