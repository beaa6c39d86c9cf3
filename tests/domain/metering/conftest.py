"""An account that sells messages by use."""

import pytest

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.models import Staff
from tests.support.metering.metered import Metered, metered
from tests.support.stripe.worlds import World


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
