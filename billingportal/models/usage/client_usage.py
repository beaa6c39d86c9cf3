"""What a client uses of one resource now: the row that limits are held against."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

TO_CHECK = text("revision <> checked_revision")
NEAR = text("limit_percent >= 80")


class ClientUsage(Base):
    """`used` is the sum of a gauge's levels, or of a counter's records in the period `[period_starts_at,
    period_ends_at)`; gauges have no period. `reserved` is granted to reservations and not used yet.

    `spending_cap` is the client's own limit, in units, on use that is billed.
    `revision` grows with every change of what the API answers about it. `checked_revision` is the revision at which
    limits were last looked at for warnings. `limit_percent` is the used share of the limit at that time, in whole per
    cent, rounded down: 0 without a limit. With it, the clients that are near a limit are one indexed read.
    """

    __tablename__ = "client_usage"
    __table_args__ = (
        UniqueConstraint("client_id", "resource_id"),
        CheckConstraint("used >= 0", name="used"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("spending_cap IS NULL OR spending_cap >= 0", name="spending_cap"),
        Index("ix_client_usage_to_check", "id", sqlite_where=TO_CHECK, postgresql_where=TO_CHECK),
        Index("ix_client_usage_near", "limit_percent", sqlite_where=NEAR, postgresql_where=NEAR),
        Index(None, "period_ends_at"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), index=True)
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    reserved: Mapped[int] = mapped_column(BigInteger, default=0)
    period_starts_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None]
    spending_cap: Mapped[int | None] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger, default=1)
    checked_revision: Mapped[int] = mapped_column(BigInteger, default=0)
    limit_percent: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    changed_at: Mapped[datetime]
    recounted_at: Mapped[datetime | None] = mapped_column(index=True)
