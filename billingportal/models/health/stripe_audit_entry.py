"""One row that differed from Stripe in an audit."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

# `repaired`: the newer state was stored. `reported`: a person has to decide.
AuditResult = Literal["repaired", "reported"]


class StripeAuditEntry(Base):
    """`fields` are those that differed: by name, what the row had and what Stripe has."""

    __tablename__ = "stripe_audit_entry"
    __table_args__ = (CheckConstraint("result IN ('repaired', 'reported')", name="result"),)

    id: Mapped[PrimaryKey]
    stripe_audit_id: Mapped[int] = mapped_column(ForeignKey("stripe_audit.id"), index=True)
    object_type: Mapped[str] = mapped_column(String(40))
    stripe_object_id: Mapped[str]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    result: Mapped[AuditResult] = mapped_column(String(8))
    sentence: Mapped[str] = mapped_column(Text)
    fields: Mapped[JsonObject] = mapped_column(default=dict)
    recorded_at: Mapped[datetime]
