"""The business whose clients are evaluated."""

import pytest

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.people.business import Business
from tests.support.people.clients import paid_plan
from tests.support.stripe.worlds import World


@pytest.fixture
def business(world: World, owner: Staff) -> Business:
    world.connect()
    world.work()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    contacts = resource_id(world.session, "contacts")
    free = new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    paid = paid_plan(owner.id, Catalog(sdk), world.app, quotas={contacts: Limit(5000)})
    return Business(world, sdk, owner.id, free, paid)


@pytest.fixture
def owner(world: World) -> Staff:
    with transaction() as session:
        person = Staff(name="Mara", email="mara@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(person)
    return person
