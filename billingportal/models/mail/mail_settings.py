"""The partner's mail server. Without one the portal sends no mail, and says so where it would."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base

MailSecurity = Literal["tls", "starttls", "none"]


class MailSettings(Base):
    """One row at most. The password is sealed."""

    __tablename__ = "mail_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("security IN ('tls', 'starttls', 'none')", name="security"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    security: Mapped[MailSecurity] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(254), default="")
    password_sealed: Mapped[str | None] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(String(254))
    is_on: Mapped[bool] = mapped_column(default=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime]
