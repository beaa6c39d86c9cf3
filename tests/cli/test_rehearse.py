"""`billingportal rehearse` tells what passed and what differs, and its exit code says the same."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from billingportal.app import create_app
from billingportal.cli import rehearse
from billingportal.config import Settings
from billingportal.db import db
from billingportal.models import Plan
from billingportal.models.auth.staff import Staff
from tests.support.rehearsal.matrix import stock
from tests.support.server import serving
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox, free_port
from tests.support.stripe.worlds import World

pytestmark = [pytest.mark.parametrize("databases", ["sqlite"], indirect=True), pytest.mark.timeout(300)]


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """A portal that Stripe reaches by webhook."""
    port = free_port()
    with Sandbox.start() as sandbox:
        app = create_app(with_sandbox(settings, sandbox, public_url=f"http://127.0.0.1:{port}"))
        with serving(app, port), app.app_context():
            yield World(app, sandbox, new_account(sandbox))
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def plan(world: World, owner: Staff) -> Plan:
    plan_id = stock(world, owner).plan("graduated", "licensed", ("month",))
    world.work()
    return db.session().get_one(Plan, plan_id)


def test_a_plan_that_is_right_passes_with_code_0(world: World, plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.json"
    result = world.app.test_cli_runner().invoke(rehearse, ["--quick", "--plan", plan.name, "--json", str(file)])

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Passed: {plan.name}, each month, USD")
    assert json.loads(file.read_text())["report"]["verdict"] == "passed"


def test_a_price_that_charges_otherwise_is_named_with_code_1(world: World, plan: Plan) -> None:
    price = plan.prices[0].stripe_price_id
    world.sandbox.control("plant", account=world.stripe_account.id, mode="test", fault="unit_amount_moved", price=price)
    result = world.app.test_cli_runner().invoke(rehearse, ["--quick", "--plan", plan.name])

    assert result.exit_code == 1
    assert "Failed        First invoice" in result.stdout
    assert "US$8.70" in result.stdout


def test_without_an_account_it_could_not_run(world: World) -> None:
    result = world.app.test_cli_runner().invoke(rehearse, [])

    assert result.exit_code == 2
    assert "Connect a Stripe account" in result.stderr


def test_an_unknown_plan_could_not_run(world: World, plan: Plan) -> None:
    result = world.app.test_cli_runner().invoke(rehearse, ["--plan", "Nothing"])

    assert (result.exit_code, result.stderr) == (2, "There is no active plan Nothing.\n")
