"""What happens while a payment fails, and after how many days."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base


class LadderSettings(Base):
    """Days since the payment first failed. None: that step is never taken. One row at most; else the defaults hold."""

    __tablename__ = "ladder_settings"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    warn_after_days: Mapped[int]
    limit_after_days: Mapped[int | None]
    suspend_after_days: Mapped[int | None]
    updated_at: Mapped[datetime]
