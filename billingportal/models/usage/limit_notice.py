"""A limit that a client came near, reached or passed."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

# `warning` at 80 %, `reached` at 100 %, `exceeded` above; `cap` when the client's own spending cap is reached.
LimitStage = Literal["warning", "reached", "exceeded", "cap"]


class LimitNotice(Base):
    """Written once per client, resource, period and stage, in the transaction of its mail and outgoing webhook.

    `cleared_at`: the use has fallen 5 percentage points below the stage, so the next time is told again. A gauge has
    no period: None.
    """

    __tablename__ = "limit_notice"
    __table_args__ = (
        CheckConstraint("stage IN ('warning', 'reached', 'exceeded', 'cap')", name="stage"),
        Index(None, "client_id", "resource_id", "period_starts_at"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    period_starts_at: Mapped[datetime | None]
    stage: Mapped[LimitStage] = mapped_column(String(8))
    used: Mapped[int] = mapped_column(BigInteger)
    quota: Mapped[int] = mapped_column(BigInteger)
    noticed_at: Mapped[datetime] = mapped_column(index=True)
    cleared_at: Mapped[datetime | None]
