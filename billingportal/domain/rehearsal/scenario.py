"""The steps of a life, in their order, and those that its plan cannot have, with the reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from billingportal.domain.common.plurals import counted
from billingportal.domain.dunning import ladder
from billingportal.domain.rehearsal.amounts import stages_of
from billingportal.domain.rehearsal.promises import Promise
from billingportal.domain.rehearsal.steps.failed_payments import days_of
from billingportal.domain.rehearsal.steps.plan_changes import neighbour
from billingportal.models import Plan
from billingportal.models.entitlements.entitlement import LadderStep
from billingportal.plain_json import Json, JsonObject

# Of prices in whole tens of minor units this is exact.
PERCENT_OFF = 20
BUYER, CHANGER, DEBTOR = "buyer", "changer", "debtor"
PEOPLE = {BUYER: "", CHANGER: " (client who changes plans)", DEBTOR: " (client whose card fails)"}
FAILS = "Card fails at the renewal"
LADDER_TITLES = {
    "grace": "Grace from day {day}",
    "warned": "Warning on day {day}",
    "limited": "Nothing new from day {day}",
    "suspended": "Suspended on day {day}",
}


@dataclass(frozen=True)
class Planned:
    """A step to play. With a `reason` it is left out."""

    kind: str
    title: str
    intent: JsonObject = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Life:
    """What decides which steps a life has. `above` and `below` are plans sold in the same period and currency."""

    promise: Promise
    plan: Plan
    above: Plan | None
    below: Plan | None
    ladder: Sequence[tuple[LadderStep, int]]
    chosen: Mapping[str, Sequence[int]]
    coupon: str | None
    is_quick: bool

    @property
    def tries_without_card(self) -> bool:
        return bool(self.promise.trial_days) and not self.plan.trial_needs_card

    @property
    def lower(self) -> Plan | None:
        """The plan that is moved to at the renewal: the one below, or back from the one above."""
        return self.below or (self.plan if self.above is not None else None)

    @property
    def parts(self) -> tuple[str, ...]:
        if self.is_quick:
            return (BUYER,)
        owes = self.tries_without_card or bool(self.promise.ahead)
        return (BUYER, *((CHANGER,) if self.lower is not None else ()), *((DEBTOR,) if owes else ()))


def life_of(
    session: Session, promise: Promise, chosen: Mapping[str, Sequence[int]], coupon: str | None, *, is_quick: bool
) -> Life:
    """Find what decides on the life's steps."""
    plan = session.get_one(Plan, promise.plan_id)
    period, currency = promise.selection.period, promise.selection.currency
    above = neighbour(session, plan, period, currency, is_above=True)
    below = neighbour(session, plan, period, currency, is_above=False)
    return Life(promise, plan, above, below, days_of(ladder.current(session)), chosen, coupon, is_quick)


def steps_of(life: Life) -> list[Planned]:
    """All steps of a life."""
    steps = [
        Planned("clock", "Test clock, 33 days in the past"),
        *(step for part in life.parts for step in arrival(life, part)),
        *trials(life),
        *uses(life),
    ]
    if not life.is_quick:
        steps += changes(life)
    steps += [*ends_of_use(life), Planned("renewal", "Renewal", {"part": BUYER})]
    if not life.is_quick:
        steps += [*downgraded(life), *cancellation(), *failures(life)]
    return [*steps, Planned("events", "Delivery of events")]


def arrival(life: Life, part: str) -> Iterator[Planned]:
    """A client comes and subscribes; without a trial the first invoice is paid at once."""
    who = PEOPLE[part]
    card = "none" if part == DEBTOR and life.tries_without_card else "good"
    yield Planned("client", f"New client, before anything is paid{who}", {"part": part, "card": card})
    yield Planned("subscribe", f"Subscribe, as checkout does{who}{reduced(life, part)}", subscribe_intent(life, part))
    if not life.promise.trial_days and life.promise.ahead:
        yield Planned("first_invoice", f"First invoice{who}", {"part": part})
    elif not life.promise.trial_days:
        yield Planned("first_invoice", "First invoice", reason="All is billed by use, at the end of the period.")


def subscribe_intent(life: Life, part: str) -> JsonObject:
    """The debtor has a coupon of our own, so that each invoice of theirs shows what it takes off."""
    if has_coupon(life, part):
        return {"part": part, "percent_off": PERCENT_OFF}
    return {"part": part, "coupon": life.coupon if part == BUYER else None}


def has_coupon(life: Life, part: str) -> bool:
    return part == DEBTOR and not life.tries_without_card


def reduced(life: Life, part: str) -> str:
    return f", with {PERCENT_OFF}% off" if has_coupon(life, part) else ""


def trials(life: Life) -> Iterator[Planned]:
    days = life.promise.trial_days
    if not days:
        yield Planned("trial_end", "Trial", reason="The plan has no trial.")
        return
    for part in life.parts:
        if part == DEBTOR and life.tries_without_card:
            continue
        title = f"Trial of {counted(days, 'days')} ends: first invoice{PEOPLE[part]}"
        yield Planned("trial_end", title, {"part": part})
    if life.tries_without_card and not life.is_quick:
        yield Planned("trial_card", "Trial without a card ends", {"part": DEBTOR})
    elif not life.tries_without_card:
        yield Planned("trial_card", "Trial card rule", reason="Checkout takes a card before the trial begins.")


def uses(life: Life) -> Iterator[Planned]:
    names = {one.resource_key: one.title for one in life.promise.by_use}
    stages = stages_of(life.promise, life.chosen, is_quick=life.is_quick)
    if any(one.formula == "sum" for one in life.promise.by_use):
        yield Planned("probe", "Which clock limits the time of use", {"part": BUYER})
    for stage in stages:
        words = ", ".join(f"{number:,} {names[key]}" for key, number in stage.items())
        numbers: dict[str, Json] = {**stage}
        yield Planned("use", f"Use: {words}", {"part": BUYER, "numbers": numbers, "previews": not life.is_quick})
    if not stages:
        yield Planned("use", "Use that is billed", reason="The plan bills nothing by use.")
    elif CHANGER in life.parts and life.above is not None:
        last: dict[str, Json] = {**stages[-1]}
        yield Planned("use", "Use before the change of plan", {"part": CHANGER, "numbers": last})


def changes(life: Life) -> Iterator[Planned]:
    """Up at once, and down at the renewal."""
    if life.above is not None:
        yield Planned("time", "Two days pass", {"part": CHANGER})
        intent: JsonObject = {"part": CHANGER, "plan": life.above.id, "timing": "now"}
        yield Planned("upgrade", f"Change to {life.above.name}, at once", intent)
    else:
        yield Planned("upgrade", "Change to the plan above", reason="No plan above is sold so.")
    if life.lower is not None:
        intent = {"part": CHANGER, "plan": life.lower.id, "timing": "renewal"}
        yield Planned("downgrade", f"Change to {life.lower.name}, planned for the renewal", intent)
    else:
        yield Planned("downgrade", "Change to the plan below", reason="No plan below is sold so.")


def downgraded(life: Life) -> Iterator[Planned]:
    if life.lower is not None:
        yield Planned("downgraded", f"Change to {life.lower.name} at the renewal", {"part": CHANGER})


def ends_of_use(life: Life) -> Iterator[Planned]:
    if life.promise.by_use and life.promise.shortest != life.promise.selection.period:
        yield Planned("usage_invoice", "Invoice for the first period of use", {"part": BUYER})


def cancellation() -> Iterator[Planned]:
    yield Planned("cancel", "Cancel at the end of the period", {"part": BUYER})
    yield Planned("keep", "Take the cancellation back", {"part": BUYER})
    yield Planned("cancel", "Cancel again", {"part": BUYER})
    yield Planned("end", "The end: default plan afterwards", {"part": BUYER})


def failures(life: Life) -> Iterator[Planned]:
    """The card fails at one renewal for each step of the ladder, and is repaired from there."""
    if DEBTOR not in life.parts:
        yield Planned("card_fails", "Card fails", reason="The plan charges nothing ahead.")
        return
    if life.tries_without_card:
        yield Planned(
            "card_fails", "Card fails", reason="The third client of this clock tried the trial without a card."
        )
        return
    first, *later = life.ladder
    yield Planned("card_fails", FAILS, {"part": DEBTOR, "step": first[0]})
    yield Planned("repair", f"Card repaired after: {first[0]}", {"part": DEBTOR})
    before = first[0]
    for step, day in later:
        yield Planned("card_fails", f"{FAILS} again", {"part": DEBTOR, "step": first[0]})
        title = f"12 hours before day {day}: not {step} yet"
        yield Planned("ladder", title, {"part": DEBTOR, "step": before, "day": day, "is_before": True})
        yield Planned("ladder", LADDER_TITLES[step].format(day=day), {"part": DEBTOR, "step": step, "day": day})
        yield Planned("repair", f"Card repaired after: {step}", {"part": DEBTOR})
        before = step
