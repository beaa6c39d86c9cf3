"""A processor account's event destination: where Stripe reports meter events that it rejected after taking them."""

from datetime import datetime
from typing import Literal

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base
from billingportal.models.connection.registered_address import RegisteredAddress

# `reading`: the reports are read every minute instead.
DestinationState = Literal["waiting", "registered", "reading"]


class EventDestination(RegisteredAddress, Base):
    """`problem` says why reports are read instead. `read_up_to`: they were read up to this time, by Stripe's clock.
    `repair` is the last repair in words.
    """

    __tablename__ = "event_destination"

    state: Mapped[DestinationState] = mapped_column(String(10), default="waiting")
    stripe_event_destination_id: Mapped[str | None]
    repaired_at: Mapped[datetime | None]
    repair: Mapped[str | None]
    read_up_to: Mapped[datetime | None]
    next_read_at: Mapped[datetime | None]

    @property
    def stripe_id(self) -> str | None:
        return self.stripe_event_destination_id

    @stripe_id.setter
    def stripe_id(self, value: str | None) -> None:
        self.stripe_event_destination_id = value

    def forget_registration(self) -> None:
        """How far the reports were read stays: they are read on from there when the account is connected again."""
        super().forget_registration()
        self.state = "waiting"
        self.repaired_at = None
        self.repair = None
        self.next_read_at = None
