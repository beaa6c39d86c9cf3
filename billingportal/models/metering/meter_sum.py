"""The ledger's sums of one meter over all clients: pages read them instead of every client's days."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class MeterSum(Base):
    """The sums of each client's newest billing period, as they were at `summed_at`.

    `agrees_up_to`: Stripe's totals agree with what was counted up to this time, on all days that do not differ; None:
    nothing was compared yet.
    """

    __tablename__ = "meter_sum"
    __table_args__ = (UniqueConstraint("processor_account_id", "stripe_meter_id"),)

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_meter_id: Mapped[str]
    counted: Mapped[int] = mapped_column(BigInteger)
    sent: Mapped[int] = mapped_column(BigInteger)
    at_stripe: Mapped[int] = mapped_column(BigInteger)
    agrees_up_to: Mapped[datetime | None]
    summed_at: Mapped[datetime]
