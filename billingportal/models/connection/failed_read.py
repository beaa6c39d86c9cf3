"""Objects and lists of Stripe's that could not be read. They are read again with growing pauses."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

# The `object_id` of a row that stands for all objects of its type: their list could not be read.
WHOLE_LIST = ""


class FailedRead(Base):
    """`object_type` is Stripe's name of the object, also `event`. `reason` is for people."""

    __tablename__ = "failed_read"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "object_type", "object_id"),
        Index(None, "processor_account_id", "next_attempt_at"),
    )

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    object_type: Mapped[str]
    object_id: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=1)
    failed_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
