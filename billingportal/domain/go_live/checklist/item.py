"""An item of the checklist: what is checked, what was found, and where it is mended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.pairs.pairs import Pairs, all_pairs
from billingportal.models import ChecklistWaiver, ProcessorAccount

Section = Literal["stripe", "plans", "clients", "machine"]
# `unknown`: it cannot be told now. It counts as open.
OutcomeState = Literal["done", "todo", "unknown"]
ItemState = Literal["done", "todo", "unknown", "waived"]


@dataclass(frozen=True)
class Outcome:
    """`words` say what was checked and found. `as_of` is when that was known for the last time, None: now."""

    state: OutcomeState
    words: str
    as_of: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What the items are computed from. `moment` is aware UTC."""

    session: Session
    settings: Settings
    moment: datetime

    @cached_property
    def test(self) -> ProcessorAccount | None:
        return processor_accounts.connected(self.session, "test")

    @cached_property
    def live(self) -> ProcessorAccount | None:
        return processor_accounts.connected(self.session, "live")

    @cached_property
    def accounts(self) -> tuple[ProcessorAccount, ...]:
        """The connected accounts, test first."""
        return tuple(one for one in (self.test, self.live) if one is not None)

    @cached_property
    def pairs(self) -> Pairs | None:
        return all_pairs(self.session)


@dataclass(frozen=True)
class Definition:
    """`title` is true once it is done, `task` says what to do before. `page` is a name of `web/go_live/pages.py`.

    What means money or safety cannot be waived.
    """

    key: str
    section: Section
    title: str
    task: str
    page: str
    button: str
    check: Callable[[Facts], Outcome]
    may_be_waived: bool = False


@dataclass(frozen=True)
class Item:
    """`waiver` is set while it is waived."""

    definition: Definition
    state: ItemState
    outcome: Outcome
    as_of: datetime
    waiver: ChecklistWaiver | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("todo", "unknown")


def done(words: str, as_of: datetime | None = None) -> Outcome:
    return Outcome("done", words, as_of)


def todo(words: str, as_of: datetime | None = None) -> Outcome:
    return Outcome("todo", words, as_of)


def unknown(words: str, as_of: datetime | None = None) -> Outcome:
    return Outcome("unknown", words, as_of)
