"""A portal that Stripe reaches by webhook, and an account that sells messages by use."""

from collections.abc import Iterator

import pytest

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from tests.domain.metering.conftest import messages, staff_id
from tests.support.server import serving
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox, free_port
from tests.support.stripe.worlds import World

__all__ = ["messages", "reached", "staff_id"]


@pytest.fixture
def reached(settings: Settings) -> Iterator[World]:
    """The portal and a sandbox of the test's own, which delivers to it."""
    port = free_port()
    with Sandbox.start() as sandbox:
        app = create_app(with_sandbox(settings, sandbox, public_url=f"http://127.0.0.1:{port}"))
        with serving(app, port), app.app_context():
            yield World(app, sandbox, new_account(sandbox))
            db.session.remove()
            db.engine.dispose()
