"""How far catch-up has read a processor account's history from Stripe, besides the webhook."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

# The rows on a page at first, and the factor by which it becomes smaller or larger.
PAGE_SIZE = 100
STEP = 4
# Seconds within which a page came quickly.
QUICK = 10


class CatchUp(Base):
    """`cursor_at`: every event created before it has been seen. A pass reads from there to the present, newest
    first; `page_after` continues one that was interrupted. `walk` names the list that the pass is at: all lists are
    read when there is no cursor or Stripe no longer keeps the events since; beside a cursor, a list that could not be
    read before. `list_percent`: about how much of this list has been read. `page_size`: rows on a page, fewer where
    Stripe is slow.
    """

    __tablename__ = "catch_up"

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), unique=True)
    cursor_at: Mapped[datetime | None]
    pass_started_at: Mapped[datetime | None]
    page_after: Mapped[str | None]
    page_size: Mapped[int] = mapped_column(default=PAGE_SIZE)
    walk: Mapped[str | None]
    list_percent: Mapped[int] = mapped_column(default=0)
    objects_read: Mapped[int] = mapped_column(default=0)
    complete_up_to: Mapped[datetime | None]
    problem: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    requested_at: Mapped[datetime | None]

    def is_at(self, walk: str | None, page_after: str | None) -> bool:
        """Whether the pass is still at the requested page; else another worker has moved it on."""
        return self.pass_started_at is not None and (self.walk, self.page_after) == (walk, page_after)

    @property
    def is_full_read(self) -> bool:
        """Whether all lists are being read."""
        return self.walk is not None and self.cursor_at is None

    def shrink_page(self) -> bool:
        """Ask for fewer rows at once. False when it is one row already."""
        was = self.page_size
        self.page_size = max(1, was // STEP)
        return self.page_size < was

    def note_page(self, seconds: int) -> None:
        """Ask for more rows at once, after a page that came quickly."""
        if seconds <= QUICK:
            self.page_size = min(PAGE_SIZE, self.page_size * STEP)

    def go_to_list(self, walk: str | None) -> None:
        """Go on with the start of another list; after the last one, with the events since the pass's start."""
        was_full_read = self.is_full_read
        self.walk, self.page_after, self.list_percent = walk, None, 0
        if walk is None and was_full_read:
            self.end_walk()

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
