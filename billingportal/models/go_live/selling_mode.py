"""The mode in which the portal sells."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base
from billingportal.models.connection.processor_account import Mode


class SellingMode(Base):
    """At most one row; without it the portal sells in test mode.

    `switched_at` and `staff_id` are those of the last switch. Both are empty where the portal sold live before there
    was a switch.
    """

    __tablename__ = "selling_mode"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("mode IN ('test', 'live')", name="mode"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    mode: Mapped[Mode] = mapped_column(String(4))
    switched_at: Mapped[datetime | None]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
