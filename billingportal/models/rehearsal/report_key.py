"""A key pair with which the portal signs reports of rehearsals."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class ReportKey(Base):
    """Ed25519. The newest that a secret key opens signs; those before it still prove the reports that they signed.

    `public_key` is the raw key in hexadecimal digits, `private_key_sealed` the private one, sealed; None once it
    was lost with its secret key.
    """

    __tablename__ = "report_key"

    id: Mapped[PrimaryKey]
    public_key: Mapped[str] = mapped_column(String(64), unique=True)
    private_key_sealed: Mapped[str | None]
    created_at: Mapped[datetime]
