"""One comparison of every stored row with Stripe, field by field: nightly, or on demand."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

AuditState = Literal["running", "finished", "broken"]


class StripeAudit(Base):
    """`progress` is where it goes on after a kill: the object type and Stripe's cursor. `counts` are by object type:
    read, equal, repaired, reported. `client_id`: an audit of one client only. With `is_dry_run` nothing is changed.
    """

    __tablename__ = "stripe_audit"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'finished', 'broken')", name="state"),
        Index(None, "processor_account_id", "started_at"),
    )

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    state: Mapped[AuditState] = mapped_column(String(8))
    is_dry_run: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[JsonObject] = mapped_column(default=dict)
    counts: Mapped[JsonObject] = mapped_column(default=dict)
    problem: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
