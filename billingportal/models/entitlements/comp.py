"""A plan granted by staff. No sync ever undoes it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan import Plan


class Comp(Base):
    """A client has at most one that is not ended. It applies until `expires_at`, or until staff end it."""

    __tablename__ = "comp"
    __table_args__ = (
        Index(
            "uq_comp_running",
            "client_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    reason: Mapped[str] = mapped_column(String(200))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    plan: Mapped[Plan] = relationship()
