"""The whole checklist, computed from facts each time it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.domain.go_live.checklist import client_items, machine_items, plan_items, stripe_items
from billingportal.domain.go_live.checklist.item import Definition, Facts, Item, ItemState, Section
from billingportal.models import ChecklistWaiver

DEFINITIONS: tuple[Definition, ...] = (
    *stripe_items.DEFINITIONS,
    *plan_items.DEFINITIONS,
    *client_items.DEFINITIONS,
    *machine_items.DEFINITIONS,
)
BY_KEY = {one.key: one for one in DEFINITIONS}


@dataclass(frozen=True)
class Checklist:
    items: tuple[Item, ...]

    def of(self, *states: ItemState) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.state in states)

    def done_in(self, section: Section) -> tuple[Item, ...]:
        return tuple(item for item in self.of("done") if item.definition.section == section)

    @property
    def open(self) -> tuple[Item, ...]:
        """Those that stand in the way of going live: to do, or unknown."""
        return tuple(item for item in self.items if item.is_open)

    @property
    def as_of(self) -> datetime:
        """The oldest of the moments for which the done items stand."""
        return min(item.as_of for item in self.items)


def checklist(session: Session, settings: Settings) -> Checklist:
    """Every item as it is now."""
    facts = Facts(session, settings, now())
    waivers = {
        row.item: row for row in session.scalars(select(ChecklistWaiver).options(joinedload(ChecklistWaiver.staff)))
    }
    return Checklist(tuple(item_of(one, facts, waivers.get(one.key)) for one in DEFINITIONS))


def item_of(definition: Definition, facts: Facts, waiver: ChecklistWaiver | None) -> Item:
    """The item now. A waiver counts while the item is open, and only where it may be waived."""
    outcome = definition.check(facts)
    is_waived = waiver is not None and definition.may_be_waived and outcome.state != "done"
    state: ItemState = "waived" if is_waived else outcome.state
    return Item(definition, state, outcome, outcome.as_of or facts.moment, waiver if is_waived else None)


def keys_of(items: Sequence[Item]) -> list[str]:
    return [item.definition.key for item in items]
