"""How much of a resource was used on one UTC day by one workspace, or by a client as a whole."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey

BY_WORKSPACE = text("workspace_id IS NOT NULL")
BY_CLIENT = text("workspace_id IS NULL")


class UsageDay(Base):
    """`used` is the sum of a counter's records of the day, or a gauge's last level of the day. Kept for good.

    Of a gauge also when the level was measured, and the record that it comes from (None: a confirmed reservation
    raised it, or the portal counts the resource itself).
    """

    __tablename__ = "usage_day"
    __table_args__ = (
        Index(
            "uq_usage_day_workspace",
            "client_id",
            "resource_id",
            "day",
            "workspace_id",
            unique=True,
            sqlite_where=BY_WORKSPACE,
            postgresql_where=BY_WORKSPACE,
        ),
        Index(
            "uq_usage_day_client",
            "client_id",
            "resource_id",
            "day",
            unique=True,
            sqlite_where=BY_CLIENT,
            postgresql_where=BY_CLIENT,
        ),
        Index(None, "resource_id", "day"),
        Index(None, "workspace_id", "resource_id", "day"),
    )

    id: Mapped[LargeKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspace.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    day: Mapped[date]
    used: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime | None]
    record_id: Mapped[int | None] = mapped_column(BigInteger)
