"""Whatever the order in which Stripe's events arrive, what is held ends as the truth."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billingportal.domain.sync.ordering import (
    EventSnapshot,
    FetchedSnapshot,
    StoredState,
    Verdict,
    after_confirmation,
    after_event,
    after_fetch,
    after_stale,
    judge_event,
    judge_fetch,
)
from billingportal.stripe_gateway.objects.readings import Reading
from tests.support.stripe.histories import (
    CUSTOMER,
    INVOICE,
    LIVES,
    PRODUCT,
    START,
    SUBSCRIPTION,
    TICKS,
    Happening,
    history,
    second,
)

# As much as two clocks at Stripe may differ, which a reading allows for (see stripe_gateway.calls).
SKEW = 1


@dataclass
class Question:
    """Stripe is being asked: since when, at which revision, and the answer once it was read there."""

    asked_at: int
    revision: int | None
    pending: int
    read: Happening | None = None
    is_read: bool = False


@dataclass
class Row:
    """What one portal holds of one object, and how it comes to hold it."""

    held: StoredState | None = None
    pending: int = 0
    asks: int = 0
    question: Question | None = None
    verdicts: list[Verdict] = field(default_factory=list)

    def take(self, seen: EventSnapshot) -> Verdict:
        """An event arrives."""
        verdict = judge_event(self.held, seen)
        self.verdicts.append(verdict)
        if verdict is Verdict.ABSORB:
            self.held = after_event(self.held, seen)
        elif self.held and verdict is Verdict.CONFIRM:
            self.held = after_confirmation(self.held, seen)
        elif self.held and verdict is Verdict.STALE:
            self.held = after_stale(self.held)
        else:
            self.pending += 1
        return verdict

    def ask(self, at: int) -> None:
        self.question = Question(at, self.held.revision if self.held else None, self.pending)
        self.asks += 1

    def hear(self, at: int, skew: int) -> None:
        """Stripe's answer arrives; what it cannot settle stays pending."""
        assert self.question
        asked = self.question
        self.question = None
        truth = asked.read
        copy = None if truth is None or truth.is_deleted else truth.copy
        elapsed = math.ceil((at - asked.asked_at) / TICKS)
        reading = Reading(second(at) + timedelta(seconds=skew + SKEW), elapsed + 2 * SKEW)
        seen = FetchedSnapshot(copy, reading, asked_at_revision=asked.revision)
        verdict = judge_fetch(self.held, seen)
        if verdict is Verdict.ABSORB:
            self.held = after_fetch(self.held, seen)
        elif self.held and verdict is Verdict.STALE:
            self.held = after_stale(self.held)
        if verdict is not Verdict.ASK:
            self.pending -= asked.pending


def live(chance: Random, happenings: list[Happening], row: Row, *, shuffled: bool = True) -> None:
    """Let a history happen while its events arrive in any order and Stripe is asked now and then."""
    at = 0
    coming = list(happenings)
    happened: list[Happening] = []
    under_way: list[EventSnapshot] = []
    while coming or under_way or row.pending or row.question:
        action = chance.choice(list(possible(coming, under_way, row)))
        at = min(at + chance.choice((0, 0, 1, 3)), coming[0].at if coming else at + 3)
        if action == "happen":
            one = coming.pop(0)
            at = max(at, one.at)
            happened.append(one)
            under_way += one.events
        elif action == "deliver":
            row.take(under_way.pop(chance.randrange(len(under_way)) if shuffled else 0))
        elif action == "ask":
            row.ask(at)
        elif action == "read" and row.question:
            row.question.read, row.question.is_read = (happened[-1] if happened else None), True
        elif action == "hear":
            row.hear(at, chance.choice((-SKEW, 0, SKEW)) if chance.random() < 0.2 else 0)


def possible(coming: list[Happening], under_way: list[EventSnapshot], row: Row) -> Iterator[str]:
    if coming:
        yield from ("happen", "happen")
    if under_way:
        yield from ("deliver", "deliver")
    if row.question:
        yield "hear" if row.question.is_read else "read"
    elif row.pending:
        yield "ask"


def assert_true(row: Row, happenings: list[Happening]) -> None:
    last = happenings[-1]
    assert row.held is not None
    assert (row.held.is_deleted, last.is_deleted or row.held.copy) == (last.is_deleted, last.is_deleted or last.copy)


@pytest.mark.parametrize("kind", LIVES)
@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False), length=st.integers(1, 9))
def test_any_order_of_events_and_answers_ends_as_the_truth(kind: str, chance: Random, length: int) -> None:
    happenings = history(chance, kind, length)
    row = Row()
    live(chance, happenings, row)
    assert_true(row, happenings)


@pytest.mark.parametrize("kind", LIVES)
def test_thousands_of_lives_of_each_kind_end_as_the_truth(kind: str) -> None:
    chance = Random(20261122)
    for _ in range(3_000):
        happenings = history(chance, kind, chance.randint(1, 8))
        row = Row()
        live(chance, happenings, row)
        assert_true(row, happenings)


def event(name: str, seconds: int, before: str | None = None, *, is_creation: bool = False) -> EventSnapshot:
    """A customer called `name` from a second on, and `before` until then."""
    was = None if before is None else replace(CUSTOMER, name=before)
    return EventSnapshot(replace(CUSTOMER, name=name), START + timedelta(seconds=seconds), was, is_creation)


def row_after(*events: EventSnapshot) -> Row:
    row = Row()
    for one in events:
        row.take(one)
    return row


def test_an_event_of_a_later_second_is_absorbed_and_an_earlier_one_is_stale() -> None:
    assert row_after(event("b", 5), event("c", 6), event("a", 4)).verdicts == [
        Verdict.ABSORB,
        Verdict.ABSORB,
        Verdict.STALE,
    ]


def test_a_tie_is_settled_where_the_event_says_it_came_from_what_is_held() -> None:
    assert row_after(event("a", 5, is_creation=True), event("b", 5, "a")).verdicts[-1] is Verdict.ABSORB


def test_a_tie_is_asked_about_where_the_start_of_the_second_is_unknown() -> None:
    assert row_after(event("a", 5), event("b", 5, "a")).verdicts[-1] is Verdict.ASK


def test_a_creation_is_stale_beside_anything_else_of_its_second() -> None:
    assert row_after(event("b", 5, "a"), event("a", 5, is_creation=True)).verdicts[-1] is Verdict.STALE


def test_a_twin_of_an_event_never_takes_a_row_back() -> None:
    there, back = event("b", 5, "a"), event("a", 5, "b")
    assert row_after(event("a", 4, is_creation=True), there, back, there).verdicts[-1] is Verdict.ASK


def test_an_older_event_ends_the_proof_by_the_past() -> None:
    row = row_after(event("a", 1, is_creation=True), event("b", 5, "a"), event("b", 4, "a"), event("a", 5, "b"))
    assert row.verdicts[2:] == [Verdict.STALE, Verdict.ASK]


def test_an_older_event_after_a_settled_tie_is_asked_about() -> None:
    row = row_after(event("a", 1, is_creation=True), event("b", 5, "a"), event("a", 5, "b"), event("b", 4, "a"))
    assert row.verdicts[2:] == [Verdict.ABSORB, Verdict.ASK]


def test_a_confirmation_while_stripe_is_asked_makes_the_answer_uncertain() -> None:
    row = row_after(event("a", 5))
    assert row.held
    revision = row.held.revision
    row.take(event("a", 5, "b"))
    answer = FetchedSnapshot(replace(CUSTOMER, name="b"), Reading(START + timedelta(seconds=6), 2), revision)
    assert judge_fetch(row.held, answer) is Verdict.ASK


@pytest.mark.parametrize(("first", "then"), [("draft", "open"), ("open", "paid"), ("uncollectible", "void")])
def test_an_invoice_never_goes_back(first: str, then: str) -> None:
    early = EventSnapshot(replace(INVOICE, status=first), START)
    late = EventSnapshot(replace(INVOICE, status=then), START)
    assert row_after(early, late).verdicts[-1] is Verdict.ABSORB
    assert row_after(late, early).verdicts[-1] is Verdict.STALE


def test_a_subscription_ends_once() -> None:
    active = EventSnapshot(replace(SUBSCRIPTION, status="active"), START)
    ended = EventSnapshot(replace(SUBSCRIPTION, status="canceled"), START)
    assert row_after(ended, active).verdicts[-1] is Verdict.STALE
    assert row_after(active, ended).verdicts[-1] is Verdict.ABSORB


def test_a_customer_who_is_gone_stays_gone() -> None:
    gone = EventSnapshot(CUSTOMER, START, is_deletion=True)
    row = row_after(gone, event("b", 0, "a"))
    assert row.verdicts[-1] is Verdict.STALE
    assert row.held
    assert row.held.is_deleted


def test_a_product_that_was_deleted_may_come_back_with_its_id() -> None:
    made = EventSnapshot(PRODUCT, START, is_creation=True)
    gone = EventSnapshot(PRODUCT, START, is_deletion=True)
    assert row_after(made, gone).verdicts[-1] is Verdict.ASK
    assert row_after(gone, made).verdicts[-1] is Verdict.ASK


def test_nothing_is_held_of_an_object_that_was_never_seen_and_is_gone() -> None:
    answer = FetchedSnapshot(None, Reading(START, 2), None)
    assert after_fetch(None, answer) is None


def usual_life(chance: Random, kind: str) -> list[Happening]:
    """What most objects live through: made, at times changed within the same second, else much later."""
    copy, change, _ = LIVES[kind]
    found = [Happening(0, copy, False, (EventSnapshot(copy, second(0), is_creation=True),))]
    at = 0
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        at += 0 if chance.random() < 0.35 else chance.randrange(60, 6000)
        new = change(chance, found[-1].copy)
        found.append(Happening(at, new, False, (EventSnapshot(new, second(at), found[-1].copy),)))
    return found


def test_stripe_is_seldom_asked_in_a_realistic_stream() -> None:
    chance = Random(7)
    asks = ties = 0
    for _ in range(3000):
        happenings = usual_life(chance, chance.choice(list(LIVES)))
        seconds = [one.events[0].created_at for one in happenings]
        ties += len(set(seconds)) < len(seconds)
        row = Row()
        live(chance, happenings, row)
        assert_true(row, happenings)
        asks += row.asks
    assert ties > 3000 * 0.3
    assert asks < 3000 * 0.12, f"{asks} asks about 3000 objects, {ties} of them with ties"


def test_nothing_is_asked_about_two_events_of_a_second_that_come_in_order() -> None:
    chance = Random(8)
    for _ in range(300):
        happenings = usual_life(chance, "customer")[:2]
        row = Row()
        live(chance, happenings, row, shuffled=False)
        assert row.asks == 0
