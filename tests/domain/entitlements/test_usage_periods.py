"""Counters add up in the subscription's periods, in the client's own time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage.records import take_records
from billingportal.models import Client, ClientUsage, Resource, UsageTotal
from tests.sandbox.clocks import DAY, HOUR, START, new_clock
from tests.support.people.business import Business
from tests.support.people.clients import Subscribed
from tests.support.usage.ledger import expected_ledger, stored_ledger
from tests.support.usage.reports import quantity, results


def day(number: float) -> datetime:
    return datetime.fromtimestamp(START, UTC) + timedelta(days=number)


@pytest.fixture
def paying(business: Business) -> tuple[str, Subscribed]:
    """A test clock, and a client on it that pays from its first day and has a counter to use."""
    test_clock = new_clock(business.sdk)
    client = business.subscribe(test_clock=test_clock)
    with transaction() as session:
        session.add(Resource(key="messages", name="Messages", unit="m", kind="counter", created_at=clock.now()))
        row = session.get_one(Client, client.client_id)
        workspaces.create_workspace(session, row, "Desk", "desk", author=by_staff(business.staff_id))
    return test_clock, client


def use(key: str, amount: int, at: datetime | None = None) -> str:
    with transaction() as session:
        (answer,) = results(take_records(session, "test", [quantity(key, "desk", "messages", amount, at)], clock_times))
        return answer


def totals(business: Business) -> list[tuple[datetime, datetime, int]]:
    session = business.world.session
    session.rollback()
    found = select(UsageTotal.period_starts_at, UsageTotal.period_ends_at, UsageTotal.used)
    rows = session.execute(found.order_by(UsageTotal.period_starts_at))
    return [(row.period_starts_at, row.period_ends_at, row.used) for row in rows]


def used(business: Business) -> tuple[datetime | None, int]:
    session = business.world.session
    session.rollback()
    counter = select(Resource.id).where(Resource.key == "messages").scalar_subquery()
    row = session.scalars(select(ClientUsage).where(ClientUsage.resource_id == counter)).one()
    return row.period_starts_at, row.used


def test_records_belong_to_the_period_of_their_time(business: Business, paying: tuple[str, Subscribed]) -> None:
    test_clock, _ = paying
    assert use("a", 5) == "accepted"
    assert use("b", 1, clock.now()) == "too_old"  # the clock's time is years ahead
    business.advance(test_clock, START + 20 * DAY)
    use("c", 7)
    assert used(business) == (day(0), 12)

    business.advance(test_clock, START + 31 * DAY + HOUR)
    assert used(business) == (day(31), 0)
    use("d", 2)
    use("late", 3, day(30))

    assert used(business) == (day(31), 2)
    assert totals(business) == [(day(0), day(31), 15), (day(31), day(59), 2)]


def test_a_new_anchor_cuts_the_period_and_after_the_end_it_is_the_calendar_month(
    business: Business, paying: tuple[str, Subscribed]
) -> None:
    test_clock, client = paying
    use("a", 5)
    business.advance(test_clock, START + 10 * DAY)
    use("b", 7)
    anchor: Any = {"billing_cycle_anchor": {"type": "now"}}
    business.sdk.v1.subscriptions.update(client.subscription, params=anchor)
    business.work()
    use("c", 2, day(9.5))
    use("d", 4)
    assert [(start, number) for start, _, number in totals(business)] == [(day(0), 7), (day(10), 11)]

    business.advance(test_clock, START + 15 * DAY)
    use("e", 1)
    business.sdk.v1.subscriptions.cancel(client.subscription)
    business.work()
    use("f", 8)

    assert used(business) == (day(15), 9)
    assert [number for _, _, number in totals(business)] == [7, 11, 9]
    assert [end for _, end, _ in totals(business)] == [day(10), day(15), day(31)]
    assert stored_ledger(business.world.session) == expected_ledger(business.world.session, day(15))
