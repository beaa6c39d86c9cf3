"""The delivery of one message to one endpoint."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey
from billingportal.models.outgoing_webhooks.outgoing_endpoint import OutgoingEndpoint
from billingportal.models.outgoing_webhooks.outgoing_message import OutgoingMessage

DeliveryState = Literal["waiting", "taken", "set_aside"]
WAITING = text("state = 'waiting'")
UNTAKEN = text("state <> 'taken'")


class OutgoingDelivery(Base):
    """`keeps_order`: it waits for the earlier waiting deliveries of the same endpoint and client (`client_id` 0: none).

    Only the first of such a queue has `next_attempt_at`; the others get it when the one before them has left.
    One that does not keep order, a test or one that staff resend, is tried once, also while its endpoint is off.
    `attempts` counts tries; `last_status` is the HTTP status of the last one, None without an answer.
    """

    __tablename__ = "outgoing_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'taken', 'set_aside')", name="state"),
        Index(None, "endpoint_id", "id"),
        Index(None, "endpoint_id", "type", "id"),
        Index(None, "message_id"),
        Index("ix_outgoing_delivery_untaken", "endpoint_id", "id", sqlite_where=UNTAKEN, postgresql_where=UNTAKEN),
        Index(
            "ix_outgoing_delivery_queue",
            "endpoint_id",
            "client_id",
            "id",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index(
            "ix_outgoing_delivery_due",
            "endpoint_id",
            "keeps_order",
            "next_attempt_at",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
    )

    id: Mapped[LargeKey]
    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(OutgoingMessage.id))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey(OutgoingEndpoint.id))
    type: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[int] = mapped_column(default=0)
    keeps_order: Mapped[bool] = mapped_column(default=True)
    state: Mapped[DeliveryState] = mapped_column(String(9), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    created_at: Mapped[datetime]


# With their words in the statement: SQLite uses a partial index only where it can read its condition.
IS_WAITING = OutgoingDelivery.state == literal_column("'waiting'")
IS_UNTAKEN = OutgoingDelivery.state != literal_column("'taken'")
