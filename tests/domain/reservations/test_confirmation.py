"""Confirming: a counter gets a record, a gauge's level rises; late ones and moved ones need room."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.domain.reservations.confirmation import Confirmed
from billingportal.domain.reservations.errors import SettledReservation, TooMany
from billingportal.domain.reservations.outcomes import Refused
from billingportal.domain.usage.limits import pool_settings
from billingportal.models import ClientLevel, ClientUsage, UsageDay, UsageRecord, UsageTotal, WorkspaceUsage
from tests.support.usage.takers import Stand, Takers, confirm, expire, pool_of, release, run_out


def test_a_counter_gets_a_record_with_the_reservations_key(takers: Takers, session: Session) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    reservation_id = taker.granted(5)

    outcome = confirm(reservation_id, 3)

    assert outcome == Confirmed(reservation_id, taker.client_id, 3, 3, 0, 10, False)
    assert pool_of(taker.resource_id) == Stand(3, 0)
    record = session.scalars(select(UsageRecord)).one()
    assert (record.key, record.amount, record.client_id) == (f"rsv_{reservation_id}", 3, taker.client_id)
    assert session.scalars(select(UsageTotal)).one().used == 3
    assert session.scalars(select(UsageDay).where(UsageDay.resource_id == taker.resource_id)).one().used == 3
    assert taker.is_true


def test_a_gauge_rises(takers: Takers, session: Session) -> None:
    taker = takers.taker(10, kind="gauge")
    takers.set_pool(taker.resource_id, 10)
    confirm(taker.granted(5))
    confirm(taker.granted(2), 1)

    assert taker.stand == Stand(6, 0)
    assert pool_of(taker.resource_id) == Stand(6, 0)
    assert session.scalars(select(WorkspaceUsage)).one().used == 6
    assert session.scalars(select(UsageRecord)).all() == []


def test_a_gauge_of_the_whole_client_rises_as_such(takers: Takers, session: Session) -> None:
    taker = takers.taker(10, kind="gauge")
    with transaction() as writing:
        writing.add(
            ClientLevel(
                client_id=taker.client_id,
                resource_id=taker.resource_id,
                used=0,
                measured_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
    confirm(taker.granted(5))

    assert taker.stand == Stand(5, 0)
    assert session.scalars(select(ClientLevel)).one().used == 5
    assert session.scalars(select(WorkspaceUsage)).all() == []


def test_confirming_twice_counts_once(takers: Takers) -> None:
    taker = takers.taker(10)
    reservation_id = taker.granted(5)
    first = confirm(reservation_id, 4)

    assert confirm(reservation_id, 4) == first
    assert taker.stand == Stand(4, 0)
    with pytest.raises(SettledReservation):
        confirm(reservation_id, 5)


def test_no_more_is_confirmed_than_was_reserved(takers: Takers) -> None:
    taker = takers.taker(10)
    reservation_id = taker.granted(5)

    with pytest.raises(TooMany):
        confirm(reservation_id, 6)
    assert taker.stand == Stand(0, 5)
    release(reservation_id)
    with pytest.raises(SettledReservation):
        confirm(reservation_id)


@pytest.mark.parametrize("is_swept", [False, True])
def test_an_expired_one_is_confirmed_if_there_is_room(takers: Takers, is_swept: bool) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    late, too_late = taker.granted(4), taker.granted(6)
    run_out([late, too_late])
    if is_swept:
        expire()
    taker.granted(5)

    assert isinstance(confirm(late), Confirmed)
    outcome = confirm(too_late)

    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.used) == ("limit_reached", 4)
    expire()
    assert taker.stand == Stand(4, 5)
    assert pool_of(taker.resource_id) == Stand(4, 5)
    assert taker.is_true
    assert isinstance(confirm(too_late, 1), Confirmed)


def test_an_expired_one_needs_room_in_the_pool_too(takers: Takers, session: Session) -> None:
    one = takers.taker(10)
    other = takers.taker(10, resource_id=one.resource_id)
    takers.set_pool(one.resource_id, 10)
    late = one.granted(4)
    run_out([late])
    other.granted(8)

    outcome = confirm(late)

    assert isinstance(outcome, Refused)
    assert outcome.reason == "pool_exhausted"
    assert (one.stand, pool_of(one.resource_id)) == (Stand(0, 0), Stand(0, 8))
    assert session.scalars(select(UsageRecord)).all() == []


def test_a_suspended_client_confirms_what_was_promised_and_no_more(takers: Takers) -> None:
    taker = takers.taker(10)
    promised, late = taker.granted(2), taker.granted(3)
    run_out([late])
    with transaction() as session:
        lifecycle.suspend_client(session, taker.client_id, "Spam", author=by_staff(takers.staff_id))

    assert isinstance(confirm(promised), Confirmed)
    outcome = confirm(late)

    assert isinstance(outcome, Refused)
    assert outcome.reason == "suspended"
    assert taker.stand == Stand(2, 0)


def test_a_moved_workspace_needs_room_at_its_new_client(takers: Takers) -> None:
    taker = takers.taker(10)
    roomy = takers.taker(4, resource_id=taker.resource_id)
    takers.set_pool(taker.resource_id, 100)
    fits, not_any_more = taker.granted(4), taker.granted(5)
    takers.move_workspace(taker, roomy)

    assert isinstance(confirm(fits), Confirmed)
    outcome = confirm(not_any_more)

    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.client_id) == ("limit_reached", roomy.client_id)
    assert (taker.stand, roomy.stand) == (Stand(0, 0), Stand(4, 0))
    assert pool_of(taker.resource_id) == Stand(4, 0)


def test_what_a_workspace_was_promised_counts_after_it_was_archived(takers: Takers) -> None:
    taker = takers.taker(10)
    reservation_id = taker.granted(4)
    takers.archive_workspace(taker)

    assert isinstance(confirm(reservation_id), Confirmed)
    assert taker.stand == Stand(4, 0)


def test_the_level_of_an_archived_workspace_is_not_in_the_sum(takers: Takers, session: Session) -> None:
    taker = takers.taker(10, kind="gauge")
    reservation_id = taker.granted(4)
    takers.archive_workspace(taker)

    assert isinstance(confirm(reservation_id), Confirmed)
    assert taker.stand == Stand(0, 0)
    assert session.scalars(select(WorkspaceUsage)).one().used == 4


def test_a_reported_key_is_not_counted_again(takers: Takers, session: Session) -> None:
    taker = takers.taker(10)
    reservation_id = taker.granted(4)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction() as writing:
        writing.add(
            UsageRecord(
                mode="test",
                key=f"rsv_{reservation_id}",
                client_id=taker.client_id,
                resource_id=taker.resource_id,
                amount=4,
                at=moment,
                received_at=moment,
            )
        )
    confirm(reservation_id)

    assert taker.stand == Stand(0, 0)


def test_a_period_that_ended_starts_with_what_was_confirmed_in_the_new_one(takers: Takers, session: Session) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    confirm(taker.granted(9))
    reservation_id = taker.granted(1)
    end_periods(taker.client_id, taker.resource_id)

    confirm(reservation_id)

    assert taker.stand == Stand(1, 0)
    assert pool_of(taker.resource_id) == Stand(1, 0)


def test_a_new_period_has_the_whole_limit(takers: Takers, session: Session) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    confirm(taker.granted(9))
    end_periods(taker.client_id, taker.resource_id)

    taker.granted(10)

    assert taker.stand == Stand(0, 10)
    assert pool_of(taker.resource_id) == Stand(0, 10)


def end_periods(client_id: int, resource_id: int) -> None:
    """As if everything so far had been used in a period and month that are over."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    with transaction() as session:
        session.execute(delete(UsageTotal).where(UsageTotal.client_id == client_id))
        session.execute(delete(UsageDay).where(UsageDay.client_id == client_id))
        for row in session.scalars(select(ClientUsage).where(ClientUsage.client_id == client_id)):
            row.period_starts_at, row.period_ends_at = long_ago
        pool = pool_settings.find_pool(session, "test", resource_id)
        assert pool is not None
        pool.period_starts_at, pool.period_ends_at = long_ago
