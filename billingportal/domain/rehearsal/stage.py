"""What a step of a rehearsal works with: the way to Stripe, the patience, and what earlier steps made."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from billingportal.clock import from_unix
from billingportal.db import Transaction
from billingportal.errors import PortalError
from billingportal.models.rehearsal.rehearsal import EventRoad
from billingportal.models.rehearsal.rehearsal_client import Part
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.gateway import StripeGateway

# In the name of each test clock, so that one that was left behind is found.
LABEL = "Billing portal rehearsal"
FIRST_PAUSE = 0.1
PARTS: dict[str, Part] = {"buyer": "buyer", "changer": "changer", "debtor": "debtor"}


class ClockFailed(PortalError):
    """Stripe could not advance the test clock, or did not in time: nothing more can be played on it."""


class LeftOut(PortalError):
    """The step cannot be played with this plan, for the reason given."""


class Stopped(PortalError):
    """Somebody asked for the rehearsal's end, or another worker has taken it over."""


@dataclass(frozen=True)
class Patience:
    """How long Stripe is waited for, in seconds of real time."""

    events: float = 20
    meters: float = 3600
    clock: float = 900
    longest_pause: float = 10


def number_of(found: Json) -> int:
    """Raises LookupError where there is no number."""
    if not isinstance(found, int):
        raise LookupError("no earlier step made this number")
    return found


def nobody_stops() -> None:
    """For work that nobody can stop."""


@dataclass(frozen=True)
class Stage:
    """One life's way to Stripe. `look` is called while waiting: it keeps the lease, and raises Stopped."""

    transaction: Transaction
    gateway: StripeGateway
    account_id: int
    life_id: int
    road: EventRoad | None = None
    patience: Patience = field(default_factory=Patience)
    look: Callable[[], None] = nobody_stops

    def pauses(self, seconds: float) -> Iterator[None]:
        """Growing pauses until so many seconds have passed; one round at least."""
        ends_at, pause = time.monotonic() + seconds, FIRST_PAUSE
        while True:
            yield
            if time.monotonic() >= ends_at:
                return
            self.look()
            time.sleep(min(pause, self.patience.longest_pause, max(ends_at - time.monotonic(), 0)))
            pause *= 1.5


@dataclass(frozen=True)
class Scene:
    """One step: its intent and idempotency key, and the outcomes of the steps before it, later ones over earlier."""

    stage: Stage
    step_id: int
    kind: str
    key: str
    intent: JsonObject
    memory: JsonObject
    started_at: datetime

    @property
    def part(self) -> Part:
        return PARTS.get(str(self.intent.get("part")), "buyer")

    def known(self, name: str) -> str:
        """What an earlier step made for this part, as text. Raises LookupError where none did."""
        found = self.memory.get(f"{self.part}.{name}")
        if not isinstance(found, str):
            raise LookupError(f"no earlier step made {self.part}.{name}")
        return found

    def recalled(self, name: str) -> Json:
        """The same of any type; None where there is nothing."""
        return self.memory.get(f"{self.part}.{name}")

    def number(self, name: str) -> int:
        """The same, a number. Raises LookupError where no earlier step made one."""
        return number_of(self.recalled(name))

    def moment(self, name: str) -> datetime:
        """The same, a time in UTC."""
        return from_unix(self.number(name))

    def planned(self, name: str) -> int:
        """A number of this step's intent."""
        return number_of(self.intent.get(name))

    def moment_planned(self, name: str) -> datetime:
        """A time of this step's intent, in UTC."""
        return from_unix(self.planned(name))

    @property
    def clock_id(self) -> str:
        return str(self.memory["clock"])

    def made(self, **found: Json) -> JsonObject:
        """An outcome of this part."""
        return {f"{self.part}.{name}": value for name, value in found.items()}
