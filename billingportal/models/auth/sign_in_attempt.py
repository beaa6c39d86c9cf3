"""Sign-in attempts that were wrong, or are still being checked. Throttling counts them."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class SignInAttempt(Base):
    """One attempt. The account is a hash of what was typed, as people type passwords into the wrong field."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index(None, "account_hash", "attempted_at"),
        Index(None, "address", "attempted_at"),
        Index(None, "attempted_at"),
    )

    id: Mapped[PrimaryKey]
    account_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    attempted_at: Mapped[datetime]
