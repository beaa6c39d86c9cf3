"""The inbox: every event received or listed from Stripe, once, with its outcome."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base
from billingportal.plain_json import JsonObject

EventState = Literal["applied", "stale", "ignored", "pending", "failed", "refused"]
EventSource = Literal["webhook", "catch-up"]
STATES: tuple[EventState, ...] = ("applied", "stale", "ignored", "pending", "failed", "refused")

UNSETTLED = text("state IN ('pending', 'failed')")


class StripeEvent(Base):
    """`applied`: its object's row reflects it. `stale`: the row is newer. `ignored`: nothing here depends on it.
    `pending`: its object is to be fetched. `failed`: retried later. `refused`: not of this account or mode.
    `stripe_customer_id`: the customer that its object names, None where it names none.

    Indexes end with the id, so that each page of a filtered list is one range of an index, however long
    the inbox grows; the index of pending and failed events has few rows.
    """

    __tablename__ = "stripe_event"
    __table_args__ = (
        UniqueConstraint("processor_account_id", "stripe_event_id"),
        Index("ix_stripe_event_state", "processor_account_id", "state", "id"),
        Index("ix_stripe_event_type", "processor_account_id", "type", "id"),
        Index("ix_stripe_event_object", "processor_account_id", "object_id", "id"),
        Index(
            "ix_stripe_event_unsettled",
            "processor_account_id",
            "next_attempt_at",
            sqlite_where=UNSETTLED,
            postgresql_where=UNSETTLED,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_event_id: Mapped[str]
    type: Mapped[str]
    object_id: Mapped[str | None]
    stripe_customer_id: Mapped[str | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    source: Mapped[EventSource] = mapped_column(String(8))
    state: Mapped[EventState] = mapped_column(String(8))
    payload: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=1)
    attempted_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    error: Mapped[str | None]
    changes: Mapped[JsonObject] = mapped_column(default=dict)
