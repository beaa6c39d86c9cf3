"""The last run of one check."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base

# `unknown`: the check could not be finished. It is never counted as agreement.
CheckState = Literal["finished", "unknown"]


class HealthCheck(Base):
    """`as_of` is the oldest of the moments for which the result stands, None until the check was finished once. A
    check that could not be finished keeps it, and its findings. A run is under way while `started_at` is later than
    `ended_at`.
    """

    __tablename__ = "health_check"
    __table_args__ = (CheckConstraint("state IN ('finished', 'unknown')", name="state"),)

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[CheckState] = mapped_column(String(8))
    problem: Mapped[str] = mapped_column(Text, default="")
    as_of: Mapped[datetime | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
