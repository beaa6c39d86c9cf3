"""The partner's own ceiling on one resource over all clients of a mode."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode


class UsagePool(Base):
    """A resource without a row has no pool. A counter's pool is one per calendar month in UTC, in real time.

    `used` and `reserved` are the sums over all clients; for a counter, of the records of the month.
    """

    __tablename__ = "usage_pool"
    __table_args__ = (
        UniqueConstraint("mode", "resource_id"),
        CheckConstraint("ceiling >= 0", name="ceiling"),
        CheckConstraint("reserved >= 0", name="reserved"),
    )

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    ceiling: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)
    period_starts_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    # The last warning to staff: 0, 80 or 100 per cent.
    warned_percent: Mapped[int] = mapped_column(default=0)
