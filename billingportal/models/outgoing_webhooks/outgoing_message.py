"""A message to the host platform, written in the transaction of the event that it tells."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey
from billingportal.models.connection.processor_account import Mode


class OutgoingMessage(Base):
    """`webhook_id` stays the same on every retry. `body` is the JSON exactly as it is signed and sent.

    `about` names the subject for people, beside the client: an invoice number, or the person who sent a test.
    """

    __tablename__ = "outgoing_message"
    __table_args__ = (Index(None, "created_at"), Index(None, "client_id"))

    id: Mapped[LargeKey]
    webhook_id: Mapped[str] = mapped_column(String(40), unique=True)
    mode: Mapped[Mode] = mapped_column(String(4))
    type: Mapped[str] = mapped_column(String(40))
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    about: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
