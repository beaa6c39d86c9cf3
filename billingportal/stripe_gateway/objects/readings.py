"""Answers of Stripe with the time of their reading: one object, or a page of a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billingportal.stripe_gateway.objects.copies import Copy, EventCopy
from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy


@dataclass(frozen=True)
class Reading:
    """The latest time on Stripe's clock at which an answer was read; it may be up to the uncertainty earlier.

    `elapsed_seconds`: how long the answer took. `skew_seconds`: how much our clock is ahead of Stripe's at least, or
    behind it when negative.
    """

    as_of: datetime
    uncertainty_seconds: int
    elapsed_seconds: int = 0
    skew_seconds: int = 0

    @property
    def certain_since(self) -> datetime:
        """The answer includes every change before this moment."""
        return self.as_of - timedelta(seconds=self.uncertainty_seconds)


@dataclass(frozen=True)
class Fetched:
    """The present state of one object at Stripe; `copy` is None when Stripe no longer has it."""

    copy: Copy | None
    reading: Reading


@dataclass(frozen=True)
class Unreadable:
    """A listed object that could not be read, and why."""

    object_id: str
    reason: str


@dataclass(frozen=True)
class Page:
    """One page of a list, newest first. `last_id` continues the list. `lines`: all lines of an invoice, by its id,
    where the page has them."""

    copies: tuple[Copy, ...]
    unreadable: tuple[Unreadable, ...]
    last_id: str | None
    has_more: bool
    reading: Reading
    lines: Mapping[str, tuple[InvoiceLineCopy, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class EventPage:
    events: tuple[EventCopy, ...]
    unreadable: tuple[Unreadable, ...]
    last_id: str | None
    has_more: bool
    reading: Reading
