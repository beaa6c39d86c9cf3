"""The background jobs: each account's trouble is its own."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.jobs.schedule import JOBS
from billingportal.models import ProcessorAccount
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.rows import assert_same, held_at_stripe, held_here
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox, session: Session) -> World:
    """Connected in both modes."""
    world = World(app, sandbox, new_account(sandbox))
    world.connect()
    world.connect(world.stripe_account.live_key)
    world.work()
    return world


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_readable", [True, False])
def test_trouble_with_one_account_holds_up_no_other(world: World, is_readable: bool) -> None:
    if is_readable:
        world.sandbox.control("keys/revoke", key=world.stripe_account.test_key)
    else:
        with transaction() as session:
            session.get_one(ProcessorAccount, 1).key_sealed = "sealed with a key that is gone"
    world.sandbox.control("samples", account=world.stripe_account.id, mode="live", name="subscription")
    world.read_events()

    live = held_at_stripe(world.sandbox, world.stripe_account.id, "live")
    assert_same(held_here(world.session, world.row("live").id), live)
    assert world.row("live").key_state == "working"
    assert world.row("test").key_state == ("rejected" if is_readable else "unreadable")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_with_nothing_to_do_stripe_is_not_asked(world: World) -> None:
    world.work()
    world.forget_asked()
    for job in JOBS:
        job.run(world.portal)

    assert world.asked() == []
