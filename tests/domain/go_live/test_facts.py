"""What the portal asks Stripe for the checklist: whether the live account is ready."""

import pytest

from billingportal.db import transaction
from billingportal.domain.connection.processor_accounts import gateway_of
from billingportal.domain.go_live.checklist import facts
from billingportal.jobs import go_live as go_live_jobs
from billingportal.models import LiveFact
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def fact(world: World) -> tuple[str, str]:
    row = world.session.get_one(LiveFact, "account")
    return row.state, row.words


def ask_again(world: World) -> None:
    """Ask before its time."""
    gateway = gateway_of(world.row("live"), world.portal.vault, world.portal.open_gateway)
    world.session.rollback()
    facts.ask(transaction, gateway)


def test_the_worker_asks_about_the_live_account(world: World) -> None:
    world.connect()
    go_live_jobs.ask_facts(world.portal)
    assert world.session.get(LiveFact, "account") is None
    world.connect(world.stripe_account.live_key)
    go_live_jobs.ask_facts(world.portal)
    assert fact(world)[0] == "good"
    assert facts.accounts_due(world.session) == []


def test_without_an_answer_the_fact_is_unknown(world: World) -> None:
    world.connect(world.stripe_account.live_key)
    ask_again(world)
    world.sandbox.control("faults", kind="500", path_prefix="/v1/account")
    ask_again(world)
    assert fact(world)[0] == "unknown"
    world.sandbox.control("faults", verb="DELETE")
    ask_again(world)
    assert fact(world)[0] == "good"
