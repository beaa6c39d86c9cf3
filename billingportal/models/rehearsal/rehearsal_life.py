"""One plan, period and currency of a rehearsal, lived on a test clock of its own."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan import Plan
from billingportal.models.rehearsal.rehearsal import Rehearsal, Verdict

# `cleaning`: its steps are done or given up, and its clock is to be deleted at Stripe.
LifeState = Literal["waiting", "running", "cleaning", "ended"]


class RehearsalLife(Base):
    """A life that cannot be resumed starts anew on another clock: another row, with the next `attempt`.

    Stripe's clock carries the rehearsal's label in its name, so that one that was left behind is found and deleted.
    `clock_deleted_at`: Stripe confirmed that the clock is gone, or never made.
    """

    __tablename__ = "rehearsal_life"
    __table_args__ = (
        UniqueConstraint(
            "rehearsal_id",
            "plan_id",
            "interval",
            "interval_count",
            "currency",
            "attempt",
            name="uq_rehearsal_life_attempt",
        ),
        CheckConstraint("state IN ('waiting', 'running', 'cleaning', 'ended')", name="state"),
        CheckConstraint("verdict IN ('passed', 'failed', 'not_provable')", name="verdict"),
    )

    id: Mapped[PrimaryKey]
    rehearsal_id: Mapped[int] = mapped_column(ForeignKey("rehearsal.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    interval: Mapped[str] = mapped_column(String(5))
    interval_count: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    attempt: Mapped[int] = mapped_column(default=1)
    state: Mapped[LifeState] = mapped_column(String(8))
    verdict: Mapped[Verdict | None] = mapped_column(String(12))
    problem: Mapped[str] = mapped_column(Text, default="")
    stripe_test_clock_id: Mapped[str | None]
    clock_deleted_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    rehearsal: Mapped[Rehearsal] = relationship()
    plan: Mapped[Plan] = relationship()
