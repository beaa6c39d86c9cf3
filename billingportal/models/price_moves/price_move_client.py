"""One client of a price move."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.clients.client import Client
from billingportal.models.price_moves.price_move import PriceMove

# `chosen`: to be scheduled. `intended`: Stripe is being asked. `undone`: the client keeps the price after all.
RowState = Literal["chosen", "stays", "intended", "scheduled", "moved", "undone", "failed"]


class PriceMoveClient(Base):
    """`pays_minor` and `will_pay_minor` are what Stripe charges each later period, before and after; `first_minor` is
    the first invoice after the move where it differs. They are None until Stripe was asked at `quoted_at`.

    `reason`: why the client stays. `problem`: why it cannot be moved, or was not.
    `plan_change_id` is the change of plan that moves it.
    """

    __tablename__ = "price_move_client"
    __table_args__ = (
        UniqueConstraint("price_move_id", "client_id"),
        CheckConstraint(
            "state IN ('chosen', 'stays', 'intended', 'scheduled', 'moved', 'undone', 'failed')", name="state"
        ),
    )

    id: Mapped[PrimaryKey]
    price_move_id: Mapped[int] = mapped_column(ForeignKey("price_move.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    stripe_subscription_id: Mapped[str]
    state: Mapped[RowState] = mapped_column(String(9))
    reason: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str] = mapped_column(Text, default="")
    currency: Mapped[str | None] = mapped_column(String(3))
    pays_minor: Mapped[int | None] = mapped_column(BigInteger)
    will_pay_minor: Mapped[int | None] = mapped_column(BigInteger)
    first_minor: Mapped[int | None] = mapped_column(BigInteger)
    takes_effect_at: Mapped[datetime | None]
    quoted_at: Mapped[datetime | None]
    plan_change_id: Mapped[int | None] = mapped_column(ForeignKey("plan_move.id"), index=True)
    undo_asked_at: Mapped[datetime | None]
    undo_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]

    move: Mapped[PriceMove] = relationship()
    client: Mapped[Client] = relationship()
