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

    def is_at(self, walk: str | None, page_after: str | None) -> bool:
        """Whether the pass still stands where a page was asked for; else another worker has taken it further."""
        return self.pass_started_at is not None and (self.walk, self.page_after) == (walk, page_after)

    def end_walk(self) -> None:
        """What happened during the walk is in the events since its start; they are read right away."""
        self.cursor_at = self.complete_up_to = self.pass_started_at
        self.pass_started_at = None

    def end(self, next_run_at: datetime) -> None:
        """All is read: the first page was complete up to the moment that the pass started at."""
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
