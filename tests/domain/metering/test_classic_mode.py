"""A subscription in classic billing mode loses no use when its plan changes."""

import pytest

from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.errors import Refusal
from tests.support.catalog.catalog import Catalog
from tests.support.metering.metered import Metered
from tests.support.people.clients import plan_of
from tests.support.people.plan_changes import look

# Properties and the storm run on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def dearer(messages: Metered) -> int:
    """A plan of another price of the same meter; its id."""
    resource_id = messages.resource_id()
    links = [Link(Catalog(messages.sdk).metered(messages.meter_id, unit_amount=50), "usage", resource_id)]
    quotas = {resource_id: Limit(0, "bill")}
    return plan_of(messages.staff_id, messages.world.app, links, "Dearer", quotas=quotas)


def test_a_change_waits_for_the_periods_end_while_use_is_unbilled(messages: Metered, dearer: int) -> None:
    paying = messages.subscribe(billing_mode={"type": "classic"})
    messages.work()
    assert "now" in look(paying.client_id, dearer).timings

    messages.use(5)

    assert look(paying.client_id, dearer).timings == ("renewal",)
    with pytest.raises(Refusal, match="never bill the 5 messages of this period"):
        look(paying.client_id, dearer, timing="now")


def test_in_flexible_mode_a_change_may_be_made_now(messages: Metered, dearer: int) -> None:
    paying = messages.subscribe()
    messages.use(5)
    messages.work()

    assert "now" in look(paying.client_id, dearer, timing="now").timings
