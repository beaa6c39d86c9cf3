"""Findings about rehearsals."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.rehearsal import cleanup
from billingportal.domain.rehearsal.stage import LABEL
from billingportal.models import Plan
from tests.domain.health.provoked.row import Provoked
from tests.support.health.repairs import press
from tests.support.health.shops import sdk, sell
from tests.support.rehearsal.reports import add_ended
from tests.support.stripe.worlds import World


def rehearse(world: World, *, fails: bool = False) -> None:
    plan_id = world.session.scalars(select(Plan.id).where(Plan.name == "Growth")).one()
    add_ended(world.row().id, plan_id, fails=fails)


def sell_rehearsed(world: World) -> None:
    sell(world)
    rehearse(world)


def change_trial(_: World, __: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        session.scalars(select(Plan).where(Plan.name == "Growth")).one().trial_days = 14


def pass_again(world: World, _: pytest.MonkeyPatch) -> None:
    rehearse(world)


def fail(world: World, _: pytest.MonkeyPatch) -> None:
    rehearse(world, fails=True)


def leave_clock(world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cleanup, "OLD", timedelta(seconds=-60))
    params = {"name": f"{LABEL}, life 1", "frozen_time": int(now().timestamp())}
    sdk(world).v1.test_helpers.test_clocks.create(params)  # type: ignore[arg-type]


def delete_clock(world: World, _: pytest.MonkeyPatch) -> None:
    assert press(world, "clocks.left_behind") == "Deleted 1 test clock at Stripe."
    assert sdk(world).v1.test_helpers.test_clocks.list().data == []


ROWS = (
    Provoked(
        "rehearsal.changed_since",
        change_trial,
        "Growth changed since its last rehearsal",
        "Trial: none → 14 days",
        pass_again,
        sell_rehearsed,
    ),
    Provoked("rehearsal.red", fail, "Growth failed its rehearsal", "something else", pass_again, sell_rehearsed),
    Provoked(
        "clocks.left_behind",
        leave_clock,
        "1 test clock of rehearsals stayed",
        "Nobody is charged",
        delete_clock,
        sell_rehearsed,
    ),
)
