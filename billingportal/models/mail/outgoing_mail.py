"""The outbox: emails that wait to be sent, were sent, or failed."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

MailState = Literal["waiting", "sent", "failed"]


class OutgoingMail(Base):
    """`occasion` names the email's subject matter and is unique: the same email is never written twice. Bodies have
    no link: that is made when the email is sent, so that no secret is stored.

    The recipient is a client, or a person who signs up."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        UniqueConstraint("occasion"),
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
        CheckConstraint("(client_id IS NULL) <> (sign_up_request_id IS NULL)", name="one_recipient"),
        Index(None, "state", "next_attempt_at"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    sign_up_request_id: Mapped[int | None] = mapped_column(
        ForeignKey("sign_up_request.id", ondelete="CASCADE"), index=True
    )
    occasion: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[MailState] = mapped_column(String(7))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
