"""The steps of a life, in their order, and those that its plan cannot have, with the reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from billingportal.domain.common.plurals import counted
from billingportal.domain.rehearsal.amounts import stages_of
from billingportal.domain.rehearsal.promises import Promise
from billingportal.plain_json import Json, JsonObject


@dataclass(frozen=True)
class Planned:
    """A step to play. With a `reason` it is left out."""

    kind: str
    title: str
    intent: JsonObject = field(default_factory=dict)
    reason: str = ""


def steps_of(promise: Promise, chosen: Mapping[str, Sequence[int]], *, is_quick: bool) -> list[Planned]:
    """All steps of a life. `chosen`: amounts of use by resource key that staff want to try as well."""
    return [
        Planned("clock", "Test clock, 33 days in the past"),
        Planned("client", "New client, before anything is paid", {"part": "buyer", "card": "good"}),
        Planned("subscribe", "Subscribe, as checkout does", {"part": "buyer"}),
        *beginning(promise),
        *uses(promise, chosen, is_quick=is_quick),
        *ends_of_use(promise),
        Planned("renewal", "Renewal", {"part": "buyer"}),
        Planned("events", "Delivery of events"),
    ]


def beginning(promise: Promise) -> Iterator[Planned]:
    """The trial where there is one, and the first invoice."""
    if promise.trial_days:
        days = counted(promise.trial_days, "days")
        yield Planned("trial_end", f"Trial of {days} ends: first invoice", {"part": "buyer"})
    elif promise.ahead:
        yield Planned("first_invoice", "First invoice", {"part": "buyer"})
    else:
        yield Planned("first_invoice", "First invoice", reason="All is billed by use, at the end of the period.")
    if not promise.trial_days:
        yield Planned("trial_end", "Trial", reason="The plan has no trial.")


def uses(promise: Promise, chosen: Mapping[str, Sequence[int]], *, is_quick: bool) -> Iterator[Planned]:
    names = {one.resource_key: one.title for one in promise.by_use}
    for stage in stages_of(promise, chosen, is_quick=is_quick):
        words = ", ".join(f"{number:,} {names[key]}" for key, number in stage.items())
        numbers: dict[str, Json] = {**stage}
        yield Planned("use", f"Use: {words}", {"part": "buyer", "numbers": numbers, "previews": not is_quick})
    if not promise.by_use:
        yield Planned("use", "Use that is billed", reason="The plan bills nothing by use.")


def ends_of_use(promise: Promise) -> Iterator[Planned]:
    if promise.by_use and promise.shortest != promise.selection.period:
        yield Planned("usage_invoice", "Invoice for the first period of use", {"part": "buyer"})
