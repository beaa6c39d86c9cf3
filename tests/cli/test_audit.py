"""`billingportal audit`: what it prints, and its exit code."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import update

from billingportal import clock
from billingportal.cli import audit
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import CatchUp, Customer
from tests.support.health.checks import connect
from tests.support.people.clients import new_client
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox) -> World:
    """Connected, with one customer, whose name is wrong here."""
    with app.app_context():
        world = World(app, sandbox, new_account(sandbox))
        sandbox.client(world.stripe_account.test_key).v1.customers.create(params={"name": "Harbor Dental"})
        connect(world)
        with transaction() as session:
            session.execute(update(Customer).values(name="Somebody", as_of=clock.now() - timedelta(days=1)))
    return world


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(audit, arguments)


def test_a_dry_run_says_what_would_be_stored_and_exits_with_1(app: Flask, world: World) -> None:
    result = run(app, "--dry-run")

    assert result.exit_code == 1
    assert "nothing was changed" in result.output
    assert "Name differed. It would be stored." in result.output
    assert run(app, "--dry-run").exit_code == 1


def test_a_repair_counts_each_kind_and_exits_with_0(app: Flask, world: World) -> None:
    result = run(app)

    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines() if line.startswith("Customers")] == [
        ["Customers", "1", "0", "1", "0"]
    ]
    assert run(app, "--dry-run").exit_code == 0


def test_json_has_the_counts_and_what_differed(app: Flask, world: World) -> None:
    found = json.loads(run(app, "--json").output)

    (one,) = found["audits"]
    assert found["left"] == 0
    assert (one["state"], one["done"], one["mode"]) == ("finished", True, "test")
    assert one["counts"]["customer"] == {"read": 1, "equal": 0, "repaired": 1, "reported": 0}
    assert one["entries"][0]["fields"] == {"name": ["Somebody", "Harbor Dental"]}


def test_after_a_gap_it_says_which_use_has_to_be_reported_again(app: Flask, world: World) -> None:
    with app.app_context(), transaction() as session:
        week_ago = clock.now() - timedelta(days=7)
        session.execute(update(CatchUp).values(complete_up_to=week_ago, cursor_at=week_ago))
    result = run(app)

    assert result.exit_code == 1
    assert "have your platform report all use of that time again" in result.output
    assert run(app).exit_code == 0


def test_a_client_that_is_not_there_or_has_no_customer_is_refused(app: Flask, world: World) -> None:
    assert "There is no client 99." in run(app, "--client", "99").output
    with app.app_context():
        client_id = new_client("Kite Logistics")
    assert "This client has no customer at Stripe." in run(app, "--client", str(client_id)).output


def test_without_an_account_it_says_so(app: Flask) -> None:
    result = run(app)
    assert (result.exit_code, result.output) == (
        1,
        "Error: No Stripe account with a working key is connected.\n",
    )
