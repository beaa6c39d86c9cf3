"""The configuration of Stripe's customer portal that we keep at one account."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class PortalConfiguration(Base):
    """`fingerprint` identifies the settings last sent to Stripe, to find out whether they have changed."""

    __tablename__ = "portal_configuration"
    __table_args__ = (UniqueConstraint("processor_account_id"),)

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_configuration_id: Mapped[str]
    fingerprint: Mapped[str]
    updated_at: Mapped[datetime]
