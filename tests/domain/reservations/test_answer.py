"""What the host platform is told of a client, and its tag."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import glance, transaction
from billingportal.domain.clients import lifecycle, quota_overrides
from billingportal.domain.common.audit import by_staff
from billingportal.domain.common.references import Ref
from billingportal.domain.entitlements import answer as entitlements_answer
from billingportal.domain.entitlements import evaluation, spending_cap
from billingportal.domain.entitlements.answer import Entitlements, Whose
from billingportal.domain.reservations.outcomes import Granted
from billingportal.errors import Refusal
from billingportal.models import AuditEntry, ClientUsage, Entitlement, Plan
from billingportal.plain_json import JsonObject
from tests.support.usage.takers import Taker, Takers, confirm, expire, release, run_out

BASE = "https://billing.example"
# The place of this act among all acts.
RESERVES = 0


def ask(taker: Taker, whose: Whose | None = None) -> Entitlements:
    with glance() as connection:
        known = whose or Whose("client", Ref(id=taker.client_id))
        found = entitlements_answer.read_answer(connection, "test", known, BASE)
        assert found is not None
        assert entitlements_answer.read_tag(connection, "test", known, BASE) == found.tag
    return found


def resource_of(taker: Taker) -> JsonObject:
    resources = ask(taker).document["resources"]
    assert isinstance(resources, list)
    (found,) = (one for one in resources if isinstance(one, dict) and one["resource"] == taker.resource_key)
    return found


def test_the_answer_says_what_is_left_and_why(takers: Takers) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 8)
    confirm(taker.granted(3))
    taker.granted(2)

    document = ask(taker).document

    assert document["client"] == f"cl_{taker.client_id}"
    assert (document["access"], document["standing"]) == ("full", "free")
    assert document["upgrade_url"] == f"{BASE}/portal/billing/plan"
    assert document["reasons"]
    period = document["period"]
    assert isinstance(period, dict)
    assert period["source"] == "calendar"
    assert resource_of(taker) == {
        "resource": taker.resource_key,
        "kind": "counter",
        "limit": 10,
        "used": 3,
        "reserved": 2,
        "remaining": 5,
        "at_limit": "block",
        "source": "plan",
        "spending_cap": None,
        "may_add_one": True,
        "pool_remaining": 3,
    }


def test_it_is_found_by_the_client_and_by_the_workspace(takers: Takers, session: Session) -> None:
    taker = takers.taker(10)
    by_client = ask(taker)

    assert ask(taker, Whose("workspace", Ref(external_id=taker.workspace))) == by_client
    assert ask(taker, Whose("workspace", Ref(id=takers.workspace_id(taker)))) == by_client
    with glance() as connection:
        for mode, whose in (
            ("live", Whose("client", Ref(id=taker.client_id))),
            ("test", Whose("client", Ref(external_id="x"))),
        ):
            assert entitlements_answer.read_answer(connection, mode, whose, BASE) is None  # type: ignore[arg-type]
            assert entitlements_answer.read_tag(connection, mode, whose, BASE) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("reaction", "may"), [("block", False), ("warn", True), ("bill", True)])
def test_may_add_one_follows_the_reaction(takers: Takers, reaction: str, may: bool) -> None:
    taker = takers.taker(1, reaction)  # type: ignore[arg-type]
    taker.granted(1)

    assert resource_of(taker)["may_add_one"] is may
    with transaction() as session:
        lifecycle.suspend_client(session, taker.client_id, "Spam", author=by_staff(takers.staff_id))
    assert resource_of(taker)["may_add_one"] is False


def test_a_spending_cap_is_for_billed_resources_and_not_below_what_is_used(takers: Takers, session: Session) -> None:
    blocked, billed = takers.taker(10), takers.taker(10, "bill")
    confirm(billed.granted(12))
    for taker, units in ((blocked, 5), (billed, 11), (billed, -1)):
        with pytest.raises(Refusal), transaction() as writing:
            spending_cap.set_spending_cap(writing, taker.client_id, taker.resource_id, units)

    set_cap(billed, 12)

    assert resource_of(billed)["spending_cap"] == 12
    assert resource_of(billed)["may_add_one"] is False
    set_cap(billed, None)
    words = session.scalars(select(AuditEntry.summary).where(AuditEntry.action == "spending_cap.changed")).all()
    assert len(words) == 2


def test_a_period_that_has_ended_is_begun_by_the_next_question(takers: Takers) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    taker.granted(4)
    with transaction() as session:
        row = session.scalars(select(ClientUsage).where(ClientUsage.resource_id == taker.resource_id)).one()
        row.used, row.period_ends_at = 6, datetime(2026, 2, 1, tzinfo=UTC)
    tag = ask(taker).tag
    assert tag.is_stale

    with transaction() as session:
        entitlements_answer.begin_periods(session, "test", tag)

    assert not ask(taker).tag.is_stale
    assert (resource_of(taker)["used"], resource_of(taker)["reserved"]) == (0, 4)


def test_as_of_is_the_time_of_the_last_change(takers: Takers) -> None:
    taker = takers.taker(10)
    before = ask(taker).document["as_of"]
    with transaction() as session:
        evaluation.evaluate(session, taker.client_id)
    assert ask(taker).document["as_of"] == before
    taker.granted(1)
    assert str(ask(taker).document["as_of"]) > str(before)


def set_cap(taker: Taker, units: int | None) -> None:
    with transaction() as session:
        spending_cap.set_spending_cap(session, taker.client_id, taker.resource_id, units)


class World:
    """Two clients, one pool, and everything that may change an answer, or not."""

    def __init__(self, takers: Takers) -> None:
        self.takers = takers
        self.taker = takers.taker(5, "bill")
        self.other = takers.taker(5, resource_id=self.taker.resource_id)
        self.open: list[int] = []

    def acts(self) -> list[Callable[[int], object]]:
        taker, other = self.taker, self.other
        return [
            lambda n: self.reserve(taker, n),
            lambda n: self.reserve(other, n),
            lambda _: self.settle(release),
            lambda _: self.settle(confirm),
            lambda _: self.settle(lambda one: run_out([one])),
            lambda _: expire(),
            lambda n: self.takers.set_pool(taker.resource_id, n if n else None),
            lambda n: set_cap(taker, 100 + n),
            lambda _: self.evaluate(),
            self.grant,
            lambda n: self.suspend(n % 2 == 0),
            lambda n: self.rename(f"Plan of many {n}"),
            lambda _: self.takers.resource("gauge"),
        ]

    def reserve(self, taker: Taker, quantity: int) -> None:
        outcome = taker.reserve(quantity + 1)
        if isinstance(outcome, Granted):
            self.open.append(outcome.reservation_id)

    def settle(self, way: Callable[[int], object]) -> None:
        if self.open:
            way(self.open.pop())

    def evaluate(self) -> None:
        with transaction() as session:
            evaluation.evaluate(session, self.taker.client_id)

    def grant(self, quota: int) -> None:
        with transaction() as session:
            quota_overrides.grant_quota(
                session,
                self.taker.client_id,
                self.taker.resource_id,
                quota,
                "Because",
                None,
                staff_id=self.takers.staff_id,
            )

    def suspend(self, is_suspended: bool) -> None:
        with transaction() as session:
            if is_suspended:
                lifecycle.suspend_client(session, self.taker.client_id, "Spam", author=by_staff(self.takers.staff_id))
            else:
                lifecycle.reactivate_client(session, self.taker.client_id, author=by_staff(self.takers.staff_id))

    def rename(self, name: str) -> None:
        with transaction() as session:
            plan_id = session.scalars(
                select(Entitlement.plan_id).where(Entitlement.client_id == self.taker.client_id)
            ).one()
            session.get_one(Plan, plan_id).name = name


def test_the_tag_changes_exactly_when_the_answer_changes(takers: Takers) -> None:
    world = World(takers)
    acts = world.acts()
    step = st.tuples(st.integers(0, len(acts) - 1), st.integers(0, 4))
    seen: dict[str, str] = {}

    @settings(max_examples=8, deadline=None, phases=[Phase.generate], database=None)
    @given(st.lists(step, min_size=8, max_size=8))
    def live(steps: list[tuple[int, int]]) -> None:
        for number, amount in steps:
            before = ask(world.taker)
            assert seen.setdefault(before.tag.text, said(before)) == said(before)
            acts[number](amount)
            after = ask(world.taker)
            assert (before.tag.text == after.tag.text) == (said(before) == said(after)), (number, amount)
            # Who reserves may be given what it had reserved before, once that has expired: two changes, that level out.
            assert said(before) == said(after) or figures(before) != figures(after) or number == RESERVES

    live()


def said(found: Entitlements) -> str:
    """The answer as the tag stands for it: `as_of` alone is no change."""
    return repr({name: value for name, value in found.document.items() if name != "as_of"})


def figures(found: Entitlements) -> str:
    return repr({name: value for name, value in found.document.items() if name not in ("as_of", "revision")})
