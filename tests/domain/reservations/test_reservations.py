"""Reserving and releasing: each reaction, the pool, access, and reservations that expire."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.domain.reservations.errors import (
    ArchivedWorkspace,
    SettledReservation,
    UnknownReservation,
    UnknownResource,
    UnknownWorkspace,
)
from billingportal.domain.reservations.outcomes import Granted, Refused
from billingportal.models import ClientUsage, Reservation
from tests.support.usage.takers import Stand, Taker, Takers, confirm, expire, pool_of, release, run_out


def reason(taker: Taker, quantity: int = 1) -> str | None:
    outcome = taker.reserve(quantity)
    return outcome.reason if isinstance(outcome, Refused) else None


def test_block_grants_exactly_what_is_left(takers: Takers) -> None:
    taker = takers.taker(10)

    first = taker.reserve(7)
    second = taker.reserve(4)
    third = taker.reserve(3)

    assert isinstance(first, Granted)
    assert (first.used, first.reserved, first.limit, first.remaining, first.is_over) == (0, 7, 10, 3, False)
    assert second == Refused("limit_reached", taker.client_id, 0, 7, 10)
    assert isinstance(third, Granted)
    assert third.remaining == 0
    assert taker.stand == Stand(0, 10)
    assert reason(taker) == "limit_reached"


def test_warn_lets_pass_and_says_that_it_is_over(takers: Takers) -> None:
    outcome = takers.taker(10, "warn").reserve(11)

    assert isinstance(outcome, Granted)
    assert (outcome.is_over, outcome.remaining) == (True, 0)


def test_unlimited_is_never_over(takers: Takers) -> None:
    outcome = takers.taker(None).reserve(10**12)

    assert isinstance(outcome, Granted)
    assert (outcome.limit, outcome.remaining, outcome.is_over) == (None, None, False)


def test_bill_grants_up_to_the_spending_cap(takers: Takers, session: Session) -> None:
    taker = takers.taker(10, "bill")
    taker.granted(20)
    with transaction() as writing:
        row = writing.scalars(select(ClientUsage).where(ClientUsage.resource_id == taker.resource_id)).one()
        row.spending_cap = 25

    assert reason(taker, 6) == "spending_cap"
    assert reason(taker, 5) is None


def test_suspended_clients_get_nothing_whatever_is_left(takers: Takers) -> None:
    taker = takers.taker(10)
    with transaction() as session:
        lifecycle.suspend_client(session, taker.client_id, "Spam", author=by_staff(takers.staff_id))

    assert reason(taker) == "suspended"
    assert taker.stand == Stand(0, 0)


def test_unknown_and_archived_things_are_told_apart(takers: Takers) -> None:
    taker = takers.taker(10)
    with pytest.raises(UnknownWorkspace):
        Taker(taker.client_id, "nobody", taker.resource_id, taker.resource_key).reserve()
    with pytest.raises(UnknownResource):
        Taker(taker.client_id, taker.workspace, taker.resource_id, "nothing").reserve()
    with pytest.raises(UnknownReservation):
        release(1)
    takers.archive_workspace(taker)
    with pytest.raises(ArchivedWorkspace):
        taker.reserve()


def test_a_refusal_by_the_pool_leaves_nothing_behind(takers: Takers, session: Session) -> None:
    one = takers.taker(10)
    other = takers.taker(10, resource_id=one.resource_id)
    takers.set_pool(one.resource_id, 12)
    one.granted(8)
    revisions = select(ClientUsage.client_id, ClientUsage.revision).where(ClientUsage.resource_id == one.resource_id)
    before = session.execute(revisions).all()

    assert reason(other, 5) == "pool_exhausted"
    assert reason(one, 5) == "limit_reached"
    assert other.stand == Stand(0, 0)
    assert pool_of(one.resource_id) == Stand(0, 8)
    session.rollback()
    assert session.execute(revisions).all() == before
    assert reason(other, 4) is None
    assert pool_of(one.resource_id) == Stand(0, 12)


def test_a_release_gives_back_to_the_client_and_the_pool_once(takers: Takers) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    reservation_id = taker.granted(4)
    kept = taker.granted(3)

    release(reservation_id)
    release(reservation_id)

    assert taker.stand == Stand(0, 3)
    assert pool_of(taker.resource_id) == Stand(0, 3)
    confirm(kept)
    with pytest.raises(SettledReservation):
        release(kept)


def test_the_worker_gives_back_what_has_expired(takers: Takers, session: Session) -> None:
    taker = takers.taker(10)
    takers.set_pool(taker.resource_id, 10)
    gone, kept = taker.granted(4), taker.granted(3)
    run_out([gone])

    assert expire() == 1
    assert expire() == 0

    assert taker.stand == Stand(0, 3)
    assert pool_of(taker.resource_id) == Stand(0, 3)
    states = {row.id: row.state for row in session.scalars(select(Reservation))}
    assert states == {gone: "expired", kept: "reserved"}
    release(gone)


def test_the_next_asker_takes_what_has_expired(takers: Takers) -> None:
    taker = takers.taker(10)
    run_out([taker.granted(10)])

    assert reason(taker, 10) is None
    assert taker.stand == Stand(0, 10)
    assert expire() == 0


def test_the_next_asker_takes_what_has_expired_in_the_pool_for_another_client(takers: Takers) -> None:
    one = takers.taker(10)
    other = takers.taker(10, resource_id=one.resource_id)
    takers.set_pool(one.resource_id, 10)
    run_out([one.granted(10)])

    assert reason(other, 10) is None
    assert pool_of(one.resource_id) == Stand(0, 10)
    assert expire() == 1
    assert (one.stand, other.stand) == (Stand(0, 0), Stand(0, 10))
    assert pool_of(one.resource_id) == Stand(0, 10)


def test_a_new_pool_has_what_is_used_and_reserved_already(takers: Takers) -> None:
    one = takers.taker(10)
    other = takers.taker(10, resource_id=one.resource_id)
    confirm(one.granted(4))
    open_ = other.granted(3)

    takers.set_pool(one.resource_id, 10)
    assert pool_of(one.resource_id) == Stand(4, 3)
    assert reason(one, 4) == "pool_exhausted"
    release(open_)
    assert pool_of(one.resource_id) == Stand(4, 0)
    takers.set_pool(one.resource_id, None)
    assert reason(one, 6) is None
    takers.set_pool(one.resource_id, 20)
    assert pool_of(one.resource_id) == Stand(4, 6)
