"""One UTC day of a client's meter within one billing period: what was counted, sent, and what Stripe has."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey

UNSENT = text("waiting <> 0")


class MeterDay(Base):
    """The day as far as it lies in the period that begins at `period_starts_at`: a day on which a period ends has two
    rows. `counted` is what the host platform reported, `sent` the sum of the events that Stripe took (of a meter that
    takes the last value: the last level). `rejected` and `waiting` are sums of events in those states, `prepared` of
    all but the cancelled ones: what differs from `counted` is still to be prepared.

    `at_stripe` is Stripe's total of the whole UTC day, in each of the day's rows; None: not asked yet.
    `differs_since`: since when, in real time, the day's totals are unlike, longer than Stripe's delay explains; None:
    they agree, or what is missing is on its way. `differs_by` is how many units Stripe has more, or less, than that.
    `unknown_units`: so many of them were sent before a backup was restored that does not know them. Use that is
    reported again is theirs first: it is not sent once more.
    """

    __tablename__ = "meter_day"
    __table_args__ = (
        UniqueConstraint("client_meter_id", "day", "period_starts_at"),
        Index(None, "day", "client_meter_id"),
        Index(None, "differs_since"),
        Index("ix_meter_day_unsent", "day", "client_meter_id", sqlite_where=UNSENT, postgresql_where=UNSENT),
    )

    id: Mapped[LargeKey]
    client_meter_id: Mapped[int] = mapped_column(ForeignKey("client_meter.id"))
    day: Mapped[date] = mapped_column(Date)
    period_starts_at: Mapped[datetime]
    counted: Mapped[int] = mapped_column(BigInteger, default=0)
    prepared: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    sent: Mapped[int] = mapped_column(BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    waiting: Mapped[int] = mapped_column(BigInteger, default=0)
    at_stripe: Mapped[int | None] = mapped_column(BigInteger)
    compared_at: Mapped[datetime | None]
    differs_since: Mapped[datetime | None]
    differs_by: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    unknown_units: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
