"""The link from a client to its Stripe customer in one processor account."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class ClientCustomer(Base):
    """One customer belongs to one client, and a client has one customer in an account."""

    __tablename__ = "client_customer"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_customer_id"),
        UniqueConstraint("client_id", "processor_account_id"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_customer_id: Mapped[str]
    linked_at: Mapped[datetime]
