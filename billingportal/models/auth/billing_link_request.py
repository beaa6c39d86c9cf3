"""Requests for a billing link by email, until a job answers them."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class BillingLinkRequest(Base):
    """Stored for every address, known or not, so that the answer to the visitor takes the same time."""

    __tablename__ = "billing_link_request"

    id: Mapped[PrimaryKey]
    canonical_email: Mapped[str] = mapped_column(String(254))
    requested_at: Mapped[datetime]
