"""A plan that is sold as it is linked passes: every model, licensed and metered, by month and year, three currencies.

A quick life of each model is played; with `--rehearsal-lives` of 10 and more they are whole lives, and 60 are all.
"""

from itertools import product

import pytest

from billingportal.db import db
from billingportal.models import Client, RehearsalLife
from billingportal.models.auth.staff import Staff
from billingportal.models.rehearsal.visibility import full_transaction
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import CURRENCIES, INTERVALS, MODELS, USAGE, stock
from tests.support.stripe.worlds import World

WHOLE = [*product(MODELS, USAGE)]
# Every step that can differ, by which a rehearsal that compares nothing would be seen.
ALWAYS = {"invoice.line", "invoice.total", "invoice.tax", "invoice.discount", "period", "status", "renewal", "plan"}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("model", "usage"), WHOLE)
def test_a_plan_sold_as_it_is_linked_passes(
    world: World, owner: Staff, model: str, usage: str, pytestconfig: pytest.Config
) -> None:
    lives = pytestconfig.getoption("--rehearsal-lives")
    number = WHOLE.index((model, usage))
    if lives < len(WHOLE) and number % 2 != (number // 2) % 2:
        pytest.skip("one of each model is played; --rehearsal-lives=60 plays all")
    plan_id = stock(world, owner).plan(model, usage)
    share = lives // len(WHOLE)

    play(plan_id, share)


def play(plan_id: int, share: int) -> None:
    """Rehearse the plan in all its periods and currencies, or in one of them."""
    chosen = [*product(INTERVALS, CURRENCIES)][: max(share, 1)]
    rehearsal_id = rehearsed.start(plan_id, is_quick=not share, only=chosen)
    rehearsed.run()

    steps = rehearsed.played(rehearsal_id)
    assert [line for step in steps for line in step.odd()] == []
    assert {step.verdict for step in steps if step.kind != "events"} <= {"passed", "left_out"}
    assert {row["key"] for step in steps for row in step.checks} >= ALWAYS
    assert {life.verdict for life in db.session().query(RehearsalLife)} == {"not_provable"}  # without a webhook
    with full_transaction() as session:
        clients = session.query(Client).all()
        assert clients
        assert all(client.is_rehearsal and client.archived_at for client in clients)
