"""A promotion: the prices of test mode that have no live twin are created in live mode."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.go_live.promotion_step import PromotionStep

PromotionState = Literal["running", "ended"]


class Promotion(Base):
    """At most one promotion of a live account is running: a unique index enforces it.

    `try_at`: the worker goes on from then. `problem`: why it waits.
    """

    __tablename__ = "promotion"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'ended')", name="state"),
        Index(
            "uq_promotion_running",
            "live_account_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[PrimaryKey]
    live_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    state: Mapped[PromotionState] = mapped_column(String(7))
    problem: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    try_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    steps: Mapped[list[PromotionStep]] = relationship(order_by=PromotionStep.position)
