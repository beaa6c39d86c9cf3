"""A partner who raised a price."""

import pytest

from billingportal.models.auth.staff import Staff
from tests.support.people.raises import Raise, open_raise
from tests.support.stripe.worlds import World


@pytest.fixture
def raised(world: World, owner: Staff) -> Raise:
    return open_raise(world, owner.id)
