"""A total that the recount found wrong and corrected."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

CountedThing = Literal["total", "day", "level", "reserved", "pool"]


class UsageCorrection(Base):
    """`client_id` None: the pool of a mode. `before` was stored, `after` is the sum of the records."""

    __tablename__ = "usage_correction"
    __table_args__ = (CheckConstraint("counted IN ('total', 'day', 'level', 'reserved', 'pool')", name="counted"),)

    id: Mapped[PrimaryKey]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    counted: Mapped[CountedThing] = mapped_column(String(8))
    period_starts_at: Mapped[datetime | None]
    before: Mapped[int] = mapped_column(BigInteger)
    after: Mapped[int] = mapped_column(BigInteger)
    found_at: Mapped[datetime] = mapped_column(index=True)
