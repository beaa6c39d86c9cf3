"""How much of a counter a client used in one period."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class UsageTotal(Base):
    """Kept for good, also when its records were deleted."""

    __tablename__ = "usage_total"
    __table_args__ = (UniqueConstraint("client_id", "resource_id", "period_starts_at"),)

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    period_starts_at: Mapped[datetime]
    period_ends_at: Mapped[datetime]
    used: Mapped[int] = mapped_column(BigInteger)
