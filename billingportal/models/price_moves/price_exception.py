"""A promise to a client that its price stays, beyond any one price move."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class PriceException(Base):
    """`until` is the last day of the promise; None: for good."""

    __tablename__ = "price_exception"
    __table_args__ = (UniqueConstraint("client_id", "processor_account_id", "stripe_price_id"),)

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_price_id: Mapped[str]
    reason: Mapped[str] = mapped_column(String(200))
    until: Mapped[date | None]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
