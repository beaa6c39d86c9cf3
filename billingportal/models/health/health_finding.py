"""One thing that is wrong, from the first check that saw it to the check that no longer does."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

# By weight: what costs money, what gives or takes access wrongly, what goes wrong soon, what is worth knowing.
Severity = Literal["money", "access", "soon", "note"]


class HealthFinding(Base):
    """`key` is the stable name of the kind (`webhook.disabled`), `subject` the thing it is about (`client:17`), empty
    where there is only one. What comes and goes is one row: `times_raised` counts.

    `seen_in_a_row` counts the last checks that saw it. A finding stands while `raised_at` is set and `gone_at` is not:
    money and access are raised by the first check, the rest by the second.
    `action` names what repairs it, or the page where a person decides (see `domain/health/findings/finding.py`).
    `mailed_at`: staff was emailed about the present raise.
    """

    __tablename__ = "health_finding"
    __table_args__ = (
        UniqueConstraint("key", "subject"),
        CheckConstraint("severity IN ('money', 'access', 'soon', 'note')", name="severity"),
        CheckConstraint("mode IN ('test', 'live')", name="mode"),
        Index(None, "raised_at", "gone_at"),
    )

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120), default="")
    mode: Mapped[str | None] = mapped_column(String(4))
    severity: Mapped[Severity] = mapped_column(String(6))
    title: Mapped[str] = mapped_column(Text)
    meaning: Mapped[str] = mapped_column(Text)
    action: Mapped[JsonObject] = mapped_column(default=dict)
    seen_in_a_row: Mapped[int] = mapped_column(default=0)
    times_raised: Mapped[int] = mapped_column(default=0)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    raised_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    snooze_reason: Mapped[str] = mapped_column(String(200), default="")
    snoozed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
