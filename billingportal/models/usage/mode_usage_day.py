"""How much of a resource all clients of a mode used on one UTC day."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode


class ModeUsageDay(Base):
    """`used` is the sum of a counter's days, or of a gauge's totals when it was last counted that day.

    `promised` is the sum of the limits of all clients that day, and `unlimited` the number of those without one. A job
    counts all of it from the rows of the clients, so that pages need no sum over thousands of them.
    """

    __tablename__ = "mode_usage_day"
    __table_args__ = (UniqueConstraint("mode", "resource_id", "day"),)

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    day: Mapped[date]
    used: Mapped[int] = mapped_column(BigInteger)
    promised: Mapped[int] = mapped_column(BigInteger, default=0)
    unlimited: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime]
