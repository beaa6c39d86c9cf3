"""A fact of the checklist that only somebody else knows: Stripe, or the portal's own public address."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base

# `unknown`: it could not be found out.
FactState = Literal["good", "bad", "unknown"]


class LiveFact(Base):
    """`words` say what was found; `checked_at` is when it was asked for last."""

    __tablename__ = "live_fact"
    __table_args__ = (CheckConstraint("state IN ('good', 'bad', 'unknown')", name="state"),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[FactState] = mapped_column(String(7))
    words: Mapped[str] = mapped_column(Text)
    checked_at: Mapped[datetime]
