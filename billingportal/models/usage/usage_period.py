"""One period in which a client's counters add up."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

PeriodSource = Literal["subscription", "calendar"]


class UsagePeriod(Base):
    """`[starts_at, ends_at)`. The periods of a client never overlap: a new billing anchor cuts the one before.

    `calendar`: a month in UTC, for times without a subscription. Months without a row are calendar months too.
    """

    __tablename__ = "usage_period"
    __table_args__ = (
        UniqueConstraint("client_id", "starts_at"),
        CheckConstraint("source IN ('subscription', 'calendar')", name="source"),
        CheckConstraint("ends_at > starts_at", name="ends_at"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    source: Mapped[PeriodSource] = mapped_column(String(12))
