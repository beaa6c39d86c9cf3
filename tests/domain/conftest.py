"""What tests of the sync start from: a portal beside a sandbox, with an account of the test's own."""

from collections.abc import Iterator

import pytest
from flask import has_app_context

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def world(settings: Settings, sandbox: Sandbox) -> Iterator[World]:
    """Nothing is connected yet. Faults last as long as the test.

    Beside the session of another portal it is refused: that session would take connections of this one's engine, and
    give them back after the engine was disposed of.
    """
    assert not has_app_context(), "a test has one portal: take world.session instead of session"
    app = create_app(with_sandbox(settings, sandbox))
    with app.app_context():
        yield World(app, sandbox, new_account(sandbox))
        sandbox.control("faults", verb="DELETE")
        db.session.remove()
        db.engine.dispose()
