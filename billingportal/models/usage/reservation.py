"""Units that were granted to the host platform for a short time, before it uses them."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey
from billingportal.models.connection.processor_account import Mode

ReservationState = Literal["reserved", "confirmed", "released", "expired"]
RESERVED = text("state = 'reserved'")


class Reservation(Base):
    """`confirmed_quantity` is what was used of it in the end. `expires_at` is real time, also on a test clock.

    `counts_in_pool`: the pool has reserved it too, so the pool gets it back.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("state IN ('reserved', 'confirmed', 'released', 'expired')", name="state"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_reservation_expires_at", "expires_at", sqlite_where=RESERVED, postgresql_where=RESERVED),
        Index(
            "ix_reservation_reserved",
            "client_id",
            "resource_id",
            "expires_at",
            sqlite_where=RESERVED,
            postgresql_where=RESERVED,
        ),
    )

    id: Mapped[LargeKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    quantity: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[ReservationState] = mapped_column(String(9))
    counts_in_pool: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    confirmed_quantity: Mapped[int | None] = mapped_column(BigInteger)
