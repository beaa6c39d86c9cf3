"""The live twin that staff chose for a price or product of test mode."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

TwinType = Literal["price", "product"]


class TwinChoice(Base):
    """`live_object_id` is None where none of the live objects is the twin, and a new one is to be created."""

    __tablename__ = "twin_choice"
    __table_args__ = (
        UniqueConstraint("live_account_id", "object_type", "test_object_id"),
        CheckConstraint("object_type IN ('price', 'product')", name="object_type"),
    )

    id: Mapped[PrimaryKey]
    live_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    object_type: Mapped[TwinType] = mapped_column(String(7))
    test_object_id: Mapped[str]
    live_object_id: Mapped[str | None]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    chosen_at: Mapped[datetime]
