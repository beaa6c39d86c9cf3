"""What Stripe told about meter events that it took and rejected later."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

TO_READ = text("applied_at IS NULL")


class MeterErrorReport(Base):
    """A thin event: its notice names no data, so a worker fetches it. Stored once, whichever way it came.

    `type` is Stripe's event type. `window_starts_at` and `window_ends_at` are the time that Stripe validated.
    `error_count` is how many events it rejected, `named_count` how many of them the samples named.
    """

    __tablename__ = "meter_error_report"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_event_id"),
        Index("ix_meter_error_report_to_read", "next_attempt_at", sqlite_where=TO_READ, postgresql_where=TO_READ),
    )

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_event_id: Mapped[str]
    type: Mapped[str]
    stripe_meter_id: Mapped[str | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    window_starts_at: Mapped[datetime | None]
    window_ends_at: Mapped[datetime | None]
    error_count: Mapped[int] = mapped_column(default=0)
    named_count: Mapped[int] = mapped_column(default=0)
    summary: Mapped[str] = mapped_column(default="", server_default="")
    detail: Mapped[JsonObject] = mapped_column(default=dict)
