"""The outbox of meter events: what Stripe is to be told of a client's use, each row once."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey

MeterEventState = Literal[
    "waiting", "due", "sent", "confirmed", "rejected", "in_doubt", "cancelling", "cancelled", "too_late", "let_go"
]
UNSENT = text("state IN ('waiting', 'due')")
UNCONFIRMED = text("state IN ('sent', 'in_doubt', 'cancelling')")
TO_LOOK_AT = text("state IN ('rejected', 'in_doubt', 'too_late', 'cancelling')")


class MeterEvent(Base):
    """`waiting`: for the client's Stripe customer. `due`: to be sent. `sent`: Stripe took it. `confirmed`: Stripe's
    total agrees with it. `rejected`: refused, at once or later; `reason` is Stripe's code, `problem` words for people.
    `in_doubt`: nobody can say whether Stripe counted it; the ledger decides. `cancelling`: to be taken back by an
    adjustment. `cancelled`: taken back, never sent, or sent again under another identifier. `too_late`: its invoice
    was final, nothing was sent. `let_go`: staff decided not to bill it.

    `identifier` is what Stripe knows the row by: drawn once, when the row is made, and never used for another one.
    `at` is the event's timestamp, in the client's time; `day` its UTC day. `period_starts_at` is the billing period
    that it counts in. `value` may be negative; of a meter that takes the last value it is the level.
    `attempts` counts the calls: the first has the identifier as its idempotency key, later ones a suffix.
    `first_sent_at` is the first call that Stripe may have taken. It, `sent_at` and the others are real times.
    `replaces_id`: it was sent again under a new name.
    `billed_stripe_item_id`: staff billed it as an invoice item, after its invoice was final.
    """

    __tablename__ = "meter_event"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'due', 'sent', 'confirmed', 'rejected', 'in_doubt', 'cancelling', 'cancelled', "
            "'too_late', 'let_go')",
            name="state",
        ),
        Index(None, "client_meter_id", "day"),
        Index("ix_meter_event_unsent", "client_meter_id", "id", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index(
            "ix_meter_event_unconfirmed",
            "client_meter_id",
            "day",
            sqlite_where=UNCONFIRMED,
            postgresql_where=UNCONFIRMED,
        ),
        Index("ix_meter_event_to_look_at", "state", "id", sqlite_where=TO_LOOK_AT, postgresql_where=TO_LOOK_AT),
    )

    id: Mapped[LargeKey]
    client_meter_id: Mapped[int] = mapped_column(ForeignKey("client_meter.id"))
    identifier: Mapped[str] = mapped_column(String(100), unique=True)
    value: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    day: Mapped[date] = mapped_column(Date)
    period_starts_at: Mapped[datetime]
    state: Mapped[MeterEventState] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    stripe_customer_id: Mapped[str | None]
    request_id: Mapped[str | None]
    reason: Mapped[str | None]
    problem: Mapped[str] = mapped_column(Text, default="", server_default="")
    prepared_at: Mapped[datetime]
    first_sent_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)
    billed_stripe_item_id: Mapped[str | None]
