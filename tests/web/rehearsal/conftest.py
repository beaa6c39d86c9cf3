"""A portal that sells to one client, beside a sandbox."""

from collections.abc import Iterator

import pytest

from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.models import Staff
from tests.support.metering.metered import Metered, metered
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World


@pytest.fixture
def world(settings: Settings, sandbox: Sandbox) -> Iterator[World]:
    app = create_app(with_sandbox(settings, sandbox))
    app.testing = True
    with app.app_context():
        yield World(app, sandbox, new_account(sandbox))
        sandbox.control("faults", verb="DELETE")
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def staff_id(world: World) -> int:
    with transaction() as session:
        person = Staff(name="Mara", email="mara@example.com", password_hash="", role="owner", created_at=now())
        session.add(person)
        session.flush()
        return person.id


@pytest.fixture
def messages(world: World, staff_id: int) -> Metered:
    return metered(world, staff_id)
