"""One object that a promotion creates in live mode, or the links of one plan to live prices."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

StepKind = Literal["meter", "product", "price", "link"]
PromotionStepState = Literal["waiting", "done", "failed"]


class PromotionStep(Base):
    """`subject` is the id of the test object, or of the plan that is linked.

    `request` is everything that Stripe is asked for, as the dry run showed it. `asked_at` is committed before Stripe is
    asked: a step that has it and is not done may have been made, so Stripe is searched for it first. `attempt` is part
    of the idempotency key.
    """

    __tablename__ = "promotion_step"
    __table_args__ = (
        UniqueConstraint("promotion_id", "position"),
        CheckConstraint("kind IN ('meter', 'product', 'price', 'link')", name="kind"),
        CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),
        Index(None, "kind", "subject"),
    )

    id: Mapped[PrimaryKey]
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotion.id"))
    position: Mapped[int]
    kind: Mapped[StepKind] = mapped_column(String(7))
    subject: Mapped[str]
    title: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="")
    request: Mapped[JsonObject] = mapped_column(default=dict)
    state: Mapped[PromotionStepState] = mapped_column(String(7), default="waiting")
    stripe_object_id: Mapped[str | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    attempt: Mapped[int] = mapped_column(default=1)
    asked_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
