"""People who tried to sign up or to buy, while a customer with their address pays at Stripe and has no client."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class AdoptionRequest(Base):
    """The last attempt with an address, as it was typed. It ends when staff decide about the customer."""

    __tablename__ = "adoption_request"
    __table_args__ = (UniqueConstraint("processor_account_id", "canonical_email"),)

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    canonical_email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    requested_at: Mapped[datetime]
