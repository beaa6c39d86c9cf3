"""One step of a life: what is to be done at Stripe, whether it was done, and what was compared afterwards."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.rehearsal.rehearsal_life import RehearsalLife
from billingportal.plain_json import Json, JsonObject

# `intended`: Stripe is being asked, under the idempotency key. `done`: asked and answered; the comparison is next.
StepState = Literal["waiting", "intended", "done", "ended"]
StepVerdict = Literal["passed", "failed", "left_out", "not_provable"]


class RehearsalStep(Base):
    """`kind` names the step in `domain/rehearsal/steps`; `intent` is what it is given, `outcome` what it made.

    `checks` are the compared rows (see `domain/rehearsal/comparison.py`): each has `title`, `expected`, `seen`,
    `result` (equal, differs, not_yet_equal, left_out) and, where it differs, `why`, `meaning` and a link.
    `reason`: why it was left out or cannot be proven. `clock_at` is the clock's time after the step.
    """

    __tablename__ = "rehearsal_step"
    __table_args__ = (
        UniqueConstraint("rehearsal_life_id", "position"),
        CheckConstraint("state IN ('waiting', 'intended', 'done', 'ended')", name="state"),
        CheckConstraint("verdict IN ('passed', 'failed', 'left_out', 'not_provable')", name="verdict"),
    )

    id: Mapped[PrimaryKey]
    rehearsal_life_id: Mapped[int] = mapped_column(ForeignKey("rehearsal_life.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[StepState] = mapped_column(String(8))
    verdict: Mapped[StepVerdict | None] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text, default="")
    idempotency_key: Mapped[str] = mapped_column(String(120))
    intent: Mapped[JsonObject] = mapped_column(default=dict)
    outcome: Mapped[JsonObject] = mapped_column(default=dict)
    checks: Mapped[list[Json]] = mapped_column(default=list)
    clock_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    life: Mapped[RehearsalLife] = relationship()
