"""A rehearsal that is killed after each of its rows, and after each answer of Stripe's, has one result in the end."""

from collections.abc import Callable
from typing import Any

import pytest

from billingportal.db import db
from billingportal.domain.rehearsal import play
from billingportal.models import Client, Rehearsal, RehearsalClient, RehearsalLife
from billingportal.models.auth.staff import Staff
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.stripe_gateway.http.transport import BudgetedClient
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import stock
from tests.support.stripe.worlds import World

pytestmark = [pytest.mark.parametrize("databases", ["sqlite"], indirect=True), pytest.mark.timeout(900)]
MOST_KILLS = 400
# With so many lives, a whole life is killed and not only a quick one.
WHOLE = 10


class Killed(BaseException):
    """The process ended here."""


class Killer:
    """Kills once after each thing that is named to it."""

    def __init__(self) -> None:
        self.seen: set[object] = set()

    def kill_after(self, name: object) -> None:
        if name not in self.seen:
            self.seen.add(name)
            raise Killed


def after_each(killer: Killer, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
    """The function, with a kill after its first run for each step."""

    def run(*given: Any) -> Any:
        done = function(*given)
        killer.kill_after((kind, given[0].step_id if hasattr(given[0], "step_id") else given[1]))
        return done

    return run


def after_each_answer(killer: Killer) -> Callable[..., Any]:
    """A request to Stripe, with a kill when the first answer to each idempotency key is there."""
    exchange = BudgetedClient._exchange

    def run(self: BudgetedClient, request: Any, seconds: float) -> Any:
        answer = exchange(self, request, seconds)
        key = request.headers.get("Idempotency-Key")
        if request.method.upper() == "POST" and "create_preview" not in request.url and "rehearsal" in str(key):
            killer.kill_after(key)
        return answer

    return run


def run_and_kill() -> int:
    """Run until it ends; how often it was killed."""
    for kills in range(MOST_KILLS):
        try:
            rehearsed.run()
        except Killed:
            continue
        return kills
    raise AssertionError("it never ends")


def test_a_rehearsal_killed_after_each_row_and_each_answer_has_one_result(
    world: World, owner: Staff, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    made = stock(world, owner)
    plan = made.plan("graduated", "metered")
    made.plan("flat", "licensed")
    is_quick = pytestconfig.getoption("--rehearsal-lives") < WHOLE
    rehearsal_id = rehearsed.start(plan, is_quick=is_quick, only=[("month", "usd")])
    killer = Killer()
    for name in ("intend", "perform"):
        monkeypatch.setattr(play, name, after_each(killer, getattr(play, name), name))
    monkeypatch.setattr(play, "end_step", after_each(killer, play.end_step, "ended"))
    monkeypatch.setattr(BudgetedClient, "_exchange", after_each_answer(killer))

    kills = run_and_kill()

    steps = rehearsed.played(rehearsal_id)
    played = [step for step in steps if step.verdict != "left_out"]
    odd = [line for step in steps for line in step.odd()]
    assert odd == []
    assert kills > 3 * len(played)
    assert db.session().get_one(Rehearsal, rehearsal_id).state == "finished"
    nothing_is_left(world)
    nobody_paid_twice(world)


def test_a_canceled_rehearsal_leaves_nothing_behind(
    world: World, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = stock(world, owner).plan("flat", "licensed")
    rehearsal_id = rehearsed.start(plan, is_quick=True, only=[("month", "usd")])
    killer = Killer()
    monkeypatch.setattr(BudgetedClient, "_exchange", after_each_answer(killer))
    with pytest.raises(Killed):  # when the clock was made, and before its id was written down
        rehearsed.run()
    assert db.session().query(RehearsalLife).filter_by(state="running").one().stripe_test_clock_id is None

    rehearsed.cancel(rehearsal_id)
    rehearsed.run()

    assert db.session().get_one(Rehearsal, rehearsal_id, populate_existing=True).state == "canceled"
    nothing_is_left(world)


def nothing_is_left(world: World) -> None:
    """No clock at Stripe, no customer on one, and no client here that is not archived and marked."""
    for kind in ("test_helpers.test_clock", "customer"):
        found = world.sandbox.objects(world.stripe_account.id, "test", kind)
        assert [one["id"] for one in found if not one.get("deleted")] == []
    with full_transaction() as session:
        clients = session.query(Client).all()
        assert all(client.is_rehearsal and client.archived_at for client in clients)
        assert len(clients) == session.query(RehearsalClient).count()


def nobody_paid_twice(world: World) -> None:
    """Each subscription was made once, and each invoice was paid once."""
    subscriptions = world.sandbox.objects(world.stripe_account.id, "test", "subscription")
    assert len({one["customer"] for one in subscriptions}) == len(subscriptions)
    intents = world.sandbox.objects(world.stripe_account.id, "test", "payment_intent")
    invoices = world.sandbox.objects(world.stripe_account.id, "test", "invoice")
    paid = sum(one["amount_paid"] for one in invoices)
    assert sum(one["amount"] for one in intents if one["status"] == "succeeded") == paid > 0
