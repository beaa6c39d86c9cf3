"""Who changed what, when and why: people, synchronisation and commands alike."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

Actor = Literal["staff", "client", "sync", "command", "api"]
ACTORS: tuple[Actor, ...] = get_args(Actor)


class AuditEntry(Base):
    """One change. The summary is a sentence for people; details are for a closer look."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint(f"actor IN {ACTORS}", name="actor"),
        Index(None, "recorded_at"),
        Index(None, "subject_type", "subject_id"),
        Index(None, "staff_id"),
        Index(None, "processor_account_id"),
        Index(None, "api_key_id"),
    )

    id: Mapped[PrimaryKey]
    recorded_at: Mapped[datetime]
    actor: Mapped[Actor] = mapped_column(String(20))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"))
    action: Mapped[str] = mapped_column(String(100))
    subject_type: Mapped[str | None] = mapped_column(String(50))
    subject_id: Mapped[str | None] = mapped_column(String(100))
    processor_account_id: Mapped[int | None]
    summary: Mapped[str] = mapped_column(Text)
    details: Mapped[JsonObject] = mapped_column(default=dict)
