"""A processor account's event destination: where Stripe reports meter events that it rejected after taking them."""

from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

# `reading`: the reports are read every minute instead.
DestinationState = Literal["waiting", "registered", "reading"]


class EventDestination(Base):
    """`problem` says why reports are read instead, in words. `read_up_to`: they were read up to this time, by Stripe.

    The token in the address stays the same when the destination is registered again, and the previous secret still
    verifies what is under way.
    """

    __tablename__ = "event_destination"

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), unique=True)
    token: Mapped[str] = mapped_column(unique=True)
    state: Mapped[DestinationState] = mapped_column(String(10), default="waiting")
    problem: Mapped[str | None]
    url: Mapped[str | None]
    stripe_event_destination_id: Mapped[str | None]
    secret_sealed: Mapped[str | None]
    previous_secret_sealed: Mapped[str | None]
    previous_secret_ends_at: Mapped[datetime | None]
    registered_at: Mapped[datetime | None]
    registrations: Mapped[int] = mapped_column(default=0)
    repaired_at: Mapped[datetime | None]
    repair: Mapped[str | None]
    read_up_to: Mapped[datetime | None]
    next_read_at: Mapped[datetime | None]
