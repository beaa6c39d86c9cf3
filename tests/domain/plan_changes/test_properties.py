"""By chance: whatever plans, numbers and days there are, what is shown is what Stripe then charges, to the cent."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.offers.selection import Selection
from billingportal.errors import Refusal
from billingportal.models import SellingSettings
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_clock
from tests.support.people.plan_changes import confirm, look, move_of
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

# A plan, how it is paid, and how many contacts where they are sold.
Way = tuple[str, Selection]
MONTH, YEAR = ("month", 1), ("year", 1)
numbers = st.integers(1, 5000)
ways = st.one_of(
    st.just(("starter", Selection(MONTH, "usd"))),
    st.sampled_from([MONTH, YEAR]).map(lambda period: ("growth", Selection(period, "usd"))),
    numbers.map(lambda number: ("scale", Selection(MONTH, "usd", {"contacts": number}))),
)


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.sandbox.control("clocks", customers_per_clock=1000)
    world.connect()
    world.work()
    with transaction() as session:
        session.add(SellingSettings(id=1, allows_downgrade_at_once=True, updated_at=clock.now()))
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=ways, second=ways, third=ways, days=st.integers(0, 27), hours=st.integers(0, 23), used=numbers)
def test_what_is_shown_is_what_is_charged(
    store: Store, first: Way, second: Way, third: Way, days: int, hours: int, used: int
) -> None:
    test_clock = new_clock(store.sdk)
    plan, selection = first
    client = store.subscribe(
        getattr(store, plan), period=selection.period, quantities=selection.quantities, test_clock=test_clock
    )
    for plan, wanted in (second, third):
        advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + days * DAY // 3 + hours * HOUR)
        store.sdk.v1.billing.meter_events.create(
            params={
                "event_name": "contacts_used",
                "payload": {"stripe_customer_id": client.customer, "value": str(used)},
                "timestamp": frozen(store.sdk, test_clock),
            }
        )
        store.refresh(client, test_clock)
        try:
            shown = look(client.client_id, getattr(store, plan), wanted, timing="now")
        except Refusal:
            continue
        before = {invoice.id for invoice in store.invoices(client)}
        move_id = confirm(client.client_id, shown)
        made = [invoice for invoice in store.invoices(client) if invoice.id not in before]
        assert move_id is not None
        assert move_of(move_id).state == "done"
        assert [shown.total_minor, shown.due_minor] == [
            sum(invoice.total for invoice in made),
            sum(invoice.amount_due for invoice in made),
        ]
