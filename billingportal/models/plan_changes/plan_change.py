"""A client's change from one plan, period or quantity to another."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan import Plan
from billingportal.plain_json import JsonObject

# `now`: prorated and paid at once. `renewal`: at the end of the period, by a schedule at Stripe.
ChangeTiming = Literal["now", "renewal"]
# `intended`: recorded, Stripe is being asked. `waiting`: Stripe waits for the payment. `declined`: it was not paid.
ChangeState = Literal["intended", "waiting", "scheduled", "done", "declined", "canceled", "failed"]


class PlanChange(Base):
    """A client has at most one open change: a unique index enforces it.

    `choice` as in a checkout. `preview` has the amounts that Stripe quoted for the frozen `prorated_at`.
    """

    __tablename__ = "plan_move"
    __table_args__ = (
        CheckConstraint("timing IN ('now', 'renewal')", name="timing"),
        CheckConstraint(
            "state IN ('intended', 'waiting', 'scheduled', 'done', 'declined', 'canceled', 'failed')", name="state"
        ),
        Index(
            "uq_plan_move_running",
            "client_id",
            unique=True,
            sqlite_where=text("state IN ('intended', 'waiting', 'scheduled')"),
            postgresql_where=text("state IN ('intended', 'waiting', 'scheduled')"),
        ),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_subscription_id: Mapped[str] = mapped_column(index=True)
    from_plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    to_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    choice: Mapped[JsonObject]
    timing: Mapped[ChangeTiming] = mapped_column(String(7))
    state: Mapped[ChangeState] = mapped_column(String(9))
    preview: Mapped[JsonObject] = mapped_column(default=dict)
    prorated_at: Mapped[datetime | None]
    takes_effect_at: Mapped[datetime | None]
    stripe_schedule_id: Mapped[str | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    to_plan: Mapped[Plan] = relationship(foreign_keys=to_plan_id)
    from_plan: Mapped[Plan | None] = relationship(foreign_keys=from_plan_id)
