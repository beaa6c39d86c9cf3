"""How far catch-up has read a processor account's history from Stripe, besides the webhook."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class CatchUp(Base):
    """`cursor_at`: every event created before it has been seen. A pass reads from there to the present, newest
    first; `page_after` continues one that was interrupted. `walk` names the list that a full read is at, which
    runs when there is no cursor or Stripe no longer keeps the events since.
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

    def is_at(self, walk: str | None, page_after: str | None) -> bool:
        """Whether the pass is still at the requested page; else another worker has moved it on."""
        return self.pass_started_at is not None and (self.walk, self.page_after) == (walk, page_after)

    def end_walk(self) -> None:
        """End a full read. Changes during it are in the events since its start; they are read right away."""
        self.cursor_at = self.complete_up_to = self.pass_started_at
        self.pass_started_at = None

    def end(self, next_run_at: datetime) -> None:
        """End a complete pass: its first page was complete up to `pass_started_at`."""
        self.cursor_at = self.complete_up_to = self.pass_started_at
        self.pass_started_at = None
        self.requested_at = None
        self.problem = None
        self.attempts = 0
        self.next_run_at = next_run_at

    def request(self, moment: datetime) -> None:
        """Have the worker start a pass at once."""
        self.requested_at = moment
        self.next_run_at = moment
