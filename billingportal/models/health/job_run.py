"""The last run of each of the worker's jobs. The newest of them is the worker's heartbeat."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base


class JobRun(Base):
    """Written for all jobs at once every few seconds, so that jobs that run each second cost one write together."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    milliseconds: Mapped[int | None]
    failures_in_a_row: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    failed_at: Mapped[datetime | None]
    reported_at: Mapped[datetime]
