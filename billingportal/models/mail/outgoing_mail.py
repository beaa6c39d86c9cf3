"""The outbox: emails that wait to be sent, were sent, or failed."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

MailState = Literal["waiting", "sent", "failed"]
RECIPIENTS = ("client_id", "sign_up_request_id", "staff_id")
ONE_RECIPIENT = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in RECIPIENTS) + " = 1"


class OutgoingMail(Base):
    """`occasion` names the email's subject matter and is unique: the same email is never written twice. Bodies have
    no link: that is made when the email is sent, so that no secret is stored.

    The recipient is a client, a person who signs up, or a member of staff."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        UniqueConstraint("occasion"),
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
        CheckConstraint(ONE_RECIPIENT, name="one_recipient"),
        Index(None, "state", "next_attempt_at"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    sign_up_request_id: Mapped[int | None] = mapped_column(
        ForeignKey("sign_up_request.id", ondelete="CASCADE"), index=True
    )
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
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
