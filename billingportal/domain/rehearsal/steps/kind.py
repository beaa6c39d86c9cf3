"""What a kind of step is."""

from collections.abc import Callable
from dataclasses import dataclass

from billingportal.domain.rehearsal.stage import Scene
from billingportal.plain_json import JsonObject


def nothing_more(_: Scene) -> JsonObject:
    """For steps whose intent is known from the start."""
    return {}


@dataclass(frozen=True)
class Kind:
    """`prepare` adds to the intent before Stripe is asked; `perform` asks, and asked again does nothing more.

    `events` are those that Stripe must make. `check` compares afterwards, when the portal has taken in the events.
    `has_events`: whether it does anything at Stripe that makes events.
    """

    perform: Callable[[Scene], JsonObject]
    check: Callable[[Scene], list[JsonObject]]
    prepare: Callable[[Scene], JsonObject] = nothing_more
    events: tuple[str, ...] = ()
    has_events: bool = True
