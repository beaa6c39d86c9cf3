"""A move of clients from a retired price to the price that the plan sells now."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan import Plan
from billingportal.models.plans.plan_price import PlanPrice

# `renewal`: each client's next renewal. `date`: its first renewal from `from_day` on.
MoveTiming = Literal["renewal", "date"]
# `review`: the amounts are read from Stripe and shown. `running`: confirmed, the schedules are being made.
MoveState = Literal["draft", "review", "running", "planned", "ended"]


class PriceMove(Base):
    """`from_link` is the newest of the plan's retired links with its price and use. A link has at most one move that is
    not ended: a unique index enforces it.

    `notice_days`: a client gets the email at least this many days before. `sentence` is staff's own, for the email.
    """

    __tablename__ = "price_move"
    __table_args__ = (
        CheckConstraint("timing IN ('renewal', 'date')", name="timing"),
        CheckConstraint("timing = 'renewal' OR from_day IS NOT NULL", name="from_day"),
        CheckConstraint("state IN ('draft', 'review', 'running', 'planned', 'ended')", name="state"),
        Index(
            "uq_price_move_under_way",
            "from_link_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
    )

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), index=True)
    from_link_id: Mapped[int] = mapped_column(ForeignKey("plan_price.id"))
    to_link_id: Mapped[int] = mapped_column(ForeignKey("plan_price.id"))
    timing: Mapped[MoveTiming] = mapped_column(String(7), default="renewal")
    from_day: Mapped[date | None]
    notice_days: Mapped[int]
    sentence: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[MoveState] = mapped_column(String(7))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    plan: Mapped[Plan] = relationship()
    from_link: Mapped[PlanPrice] = relationship(foreign_keys=from_link_id)
    to_link: Mapped[PlanPrice] = relationship(foreign_keys=to_link_id)
