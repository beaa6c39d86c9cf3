"""One row of the table of findings."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.health.checks import connect
from tests.support.stripe.worlds import World

# What a person, Stripe or the machine does. A monkeypatch changes the machine: its disk, its clock.
Deed = Callable[[World, pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Provoked:
    """`title` and `meaning` are parts of what is read. `end` is what its button does, or what a person decides.

    `prepare` comes before: all is well after it.
    """

    key: str
    provoke: Deed
    title: str
    meaning: str
    end: Deed
    prepare: Callable[[World], None] = connect
