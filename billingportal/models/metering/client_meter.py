"""One client's use of one resource, as one Stripe meter gets it."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class ClientMeter(Base):
    """What was used since `begins_at` is billed by this meter, until `ends_at`. Times are the client's.

    `stripe_subscription_id` is the subscription that bills it, and `billed_from` its start: what was used before counts
    as used then, because Stripe bills nothing earlier. None: there is no subscription yet, and the events wait.
    A client that comes back to a meter has another row for it.

    `prepared_revision` is the revision of `client_usage` from which events were last prepared, -1 before that and when
    the subscription has changed, and `prepared_at` when, in real time. `period_ends_at` is the end of the period of the
    last preparation, after which it is due again. `leased_until`: a worker sends for it now, in real time; so
    Stripe gets one call at a time for a customer and meter. `send_after` is when the next event is due, in real time;
    None: nothing waits. `compared_at` is when the ledger last asked Stripe for totals, and `compare_after` when it asks
    again.
    """

    __tablename__ = "client_meter"
    __table_args__ = (
        UniqueConstraint("client_id", "resource_id", "processor_account_id", "stripe_meter_id", "begins_at"),
        Index(None, "processor_account_id", "stripe_meter_id", "client_id"),
        Index(None, "resource_id", "processor_account_id"),
        Index(None, "send_after"),
        Index(None, "compare_after"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_meter_id: Mapped[str]
    stripe_subscription_id: Mapped[str | None]
    billed_from: Mapped[datetime | None]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    prepared_revision: Mapped[int] = mapped_column(BigInteger, default=-1)
    prepared_at: Mapped[datetime | None]
    period_ends_at: Mapped[datetime | None] = mapped_column(index=True)
    leased_until: Mapped[datetime | None]
    send_after: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    compare_after: Mapped[datetime | None]
