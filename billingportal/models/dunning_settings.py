"""The dunning steps while a payment fails, and the days after which each starts."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base


class LadderSettings(Base):
    """Days since the payment first failed. None: the step is never taken. At most one row; without it, the defaults."""

    __tablename__ = "ladder_settings"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    warn_after_days: Mapped[int]
    limit_after_days: Mapped[int | None]
    suspend_after_days: Mapped[int | None]
    updated_at: Mapped[datetime]
