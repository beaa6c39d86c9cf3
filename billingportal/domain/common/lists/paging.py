"""One page of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PAGE = 10
Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Page number `page` of all `of` rows."""

    rows: Sequence[Row]
    page: int
    of: int

    @property
    def first(self) -> int:
        """The place of the first row in the whole list, from 1 on."""
        return offset_of(self.page) + 1

    @property
    def last(self) -> int:
        return offset_of(self.page) + len(self.rows)

    @property
    def has_more(self) -> bool:
        return self.last < self.of


def page_within(wanted: int, of: int) -> int:
    """The wanted page, or the last one where there are fewer."""
    return min(wanted, max(-(-of // PAGE), 1))


def offset_of(page: int) -> int:
    """How many rows come before the page."""
    return (page - 1) * PAGE
