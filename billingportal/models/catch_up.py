"""How far a processor account's history has been read from Stripe itself, besides what the webhook brought."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class CatchUp(Base):
    """`cursor_at`: every event created before it has been seen. A pass reads from there to the present, newest
    first; `page_after` continues one that was interrupted. `walk` names the list being walked, when all
    objects are read because there is no cursor or Stripe no longer keeps the events since.
    """

    __tablename__ = "catch_up"

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), unique=True)
    cursor_at: Mapped[datetime | None]
    pass_started_at: Mapped[datetime | None]
    page_after: Mapped[str | None]
    walk: Mapped[str | None]
    objects_read: Mapped[int] = mapped_column(default=0)
    complete_up_to: Mapped[datetime | None]
    problem: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    requested_at: Mapped[datetime | None]
