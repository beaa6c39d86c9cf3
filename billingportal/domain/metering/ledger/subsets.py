"""Finds the events whose values add up to a sum, where only one set of them does. Pure."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
# Sums that are followed at once. Beyond it nothing is found: a guess would be worse.
MOST_SUMS = 4000


def only_subset(items: Sequence[tuple[Item, int]], wanted: int) -> list[Item] | None:
    """The only subset with this sum; None where there is none, more than one, or too many sums to follow."""
    found: dict[int, tuple[int, int]] = {0: (1, 0)}
    for place, (_, value) in enumerate(items):
        found = with_one_more(found, value, 1 << place)
        if len(found) > MOST_SUMS:
            return None
    ways, chosen = found.get(wanted, (0, 0))
    return [item for place, (item, _) in enumerate(items) if chosen >> place & 1] if ways == 1 and chosen else None


def any_subset(items: Sequence[tuple[Item, int]], wanted: int) -> list[Item] | None:
    """The first subset that was found with this sum; None where there is none, or too many sums to follow."""
    found: dict[int, int] = {0: 0}
    for place, (_, value) in enumerate(items):
        for known, chosen in list(found.items()):
            found.setdefault(known + value, chosen | 1 << place)
        if found.get(wanted):
            return [item for at, (item, _) in enumerate(items) if found[wanted] >> at & 1]
        if len(found) > MOST_SUMS:
            return None
    return None


def with_one_more(found: dict[int, tuple[int, int]], value: int, bit: int) -> dict[int, tuple[int, int]]:
    """By sum: in how many ways it is reached (2 stands for more), and the items of the first way."""
    after = dict(found)
    for known, (ways, chosen) in found.items():
        before, first = after.get(known + value, (0, chosen | bit))
        after[known + value] = (min(before + ways, 2), first)
    return after
