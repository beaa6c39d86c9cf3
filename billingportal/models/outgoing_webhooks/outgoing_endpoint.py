"""An address of the host platform that outgoing webhooks are sent to."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import Json

EndpointState = Literal["on", "paused", "off"]
# Why an address was switched off: it took nothing for three days, or it answered 410 Gone.
OffReason = Literal["failing", "gone"]


class OutgoingEndpoint(Base):
    """`events` lists the chosen event types. An endpoint that is paused or off still collects messages.

    `secret_sealed` signs; until `old_secret_ends_at` the secret before it signs too. `secret_end` is shown to people.
    `failing_since` is the first failed attempt since `last_taken_at`; None while messages are taken.
    A deleted endpoint keeps its row without secrets: a message that is being written may still refer to it.
    """

    __tablename__ = "outgoing_endpoint"
    __table_args__ = (
        CheckConstraint("state IN ('on', 'paused', 'off')", name="state"),
        CheckConstraint("off_reason IN ('failing', 'gone')", name="off_reason"),
        Index(
            "uq_outgoing_endpoint_mode_url",
            "mode",
            "url",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[list[Json]]
    state: Mapped[EndpointState] = mapped_column(String(6), default="on")
    secret_sealed: Mapped[str | None]
    secret_end: Mapped[str] = mapped_column(String(4))
    old_secret_sealed: Mapped[str | None]
    old_secret_ends_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_by_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    off_at: Mapped[datetime | None]
    off_reason: Mapped[OffReason | None] = mapped_column(String(7))
    failing_since: Mapped[datetime | None]
    last_problem: Mapped[str] = mapped_column(String(200), default="")
    last_taken_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
