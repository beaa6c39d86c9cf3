"""One attempt to deliver a message: when, how long it took, and the answer."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey
from billingportal.models.outgoing_webhooks.outgoing_delivery import OutgoingDelivery


class OutgoingAttempt(Base):
    """`status` is the HTTP status, None without an answer; `problem` says what went wrong, empty when it was taken.

    `answer` is the first 1 kB of the answer's body as text.
    """

    __tablename__ = "outgoing_attempt"
    __table_args__ = (Index(None, "delivery_id"),)

    id: Mapped[LargeKey]
    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(OutgoingDelivery.id))
    attempted_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status: Mapped[int | None]
    problem: Mapped[str] = mapped_column(String(200), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
