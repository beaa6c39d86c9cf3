"""Turns a reservation into use.

A reservation that has expired, or whose workspace has another client now, is confirmed only if there is room.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.references import Ref, public_id
from billingportal.domain.reservations import reservation_sql as sql
from billingportal.domain.reservations import room
from billingportal.domain.reservations.errors import SettledReservation, TooMany
from billingportal.domain.reservations.outcomes import Reason, Refused, Use, refused
from billingportal.domain.reservations.places import Place, present_place
from billingportal.domain.reservations.reservations import Stored, find_reservation, give_back, give_back_to_client
from billingportal.domain.usage import current_use, levels, pool
from billingportal.domain.usage.counting.record_rows import Record, insert_records, reserve_ids, stored_records
from billingportal.domain.usage.counting.references import find_workspaces, lock_clients
from billingportal.domain.usage.counting.sum_rows import write_sums
from billingportal.domain.usage.counting.sums import Sums
from billingportal.domain.usage.counting.use_rows import lock_rows
from billingportal.domain.usage.periods import period_at
from billingportal.models import Workspace
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class Confirmed:
    """What was used of a reservation, and how its client stands now. `limit` None is unlimited."""

    reservation_id: int
    client_id: int
    quantity: int
    used: int
    reserved: int
    limit: int | None
    is_over: bool


def confirm(session: Session, mode: Mode, reservation_id: int, quantity: int | None = None) -> Confirmed | Refused:
    """Use so much of a reservation; None is all of it. The rest is given back. Doing it twice is fine.

    Raises UnknownReservation, TooMany for more than was reserved, or SettledReservation when it was released, or
    confirmed with another quantity.
    """
    stored = find_reservation(session, mode, reservation_id, lock=True)
    amount = stored.quantity if quantity is None else quantity
    if amount > stored.quantity:
        raise TooMany
    if stored.state == "released" or (stored.state == "confirmed" and stored.confirmed_quantity != amount):
        raise SettledReservation
    place = kept_place(session, mode, stored)
    if stored.state == "confirmed":
        return confirmed(place, stored, amount, room.present_use(session, place))
    if stored.state == "reserved" and stored.expires_at > now() and place.client_id == stored.client_id:
        return confirmed(place, stored, amount, count_use(session, mode, stored, place, amount))
    return confirm_again(session, mode, stored, place, amount)


def kept_place(session: Session, mode: Mode, stored: Stored) -> Place:
    """Where the reservation stands now. Its workspace does not move, nor is archived, until the transaction ends."""
    found = find_workspaces(session, mode, [Ref(id=stored.workspace_id)])
    lock_clients(session, {stored.client_id, *(one.client_id for one in found.values())})
    return present_place(session, mode, stored.workspace_id, stored.resource_id)


def confirmed(place: Place, stored: Stored, amount: int, use: Use) -> Confirmed:
    over = place.is_over(use.used, use.reserved)
    return Confirmed(stored.id, place.client_id, amount, use.used, use.reserved, place.quota, over)


def confirm_again(session: Session, mode: Mode, stored: Stored, place: Place, amount: int) -> Confirmed | Refused:
    """Count it, and undo that when there is no room."""
    reason: Reason | None = None if place.access == "full" else place.access
    if reason is None:
        savepoint = session.begin_nested()
        count_use(session, mode, stored, place, amount)
        reason = lacking_room(session, mode, place)
        if reason is None:
            savepoint.commit()
            return confirmed(place, stored, amount, room.present_use(session, place))
        savepoint.rollback()
    expire(session, mode, stored)
    return refused(place, reason, room.present_use(session, place))


def lacking_room(session: Session, mode: Mode, place: Place) -> Reason | None:
    """Why the use that was just counted is too much; None when it is not."""
    if is_too_much(session, place):
        room.give_back_expired(session, mode, place)
        if is_too_much(session, place):
            return room.own_reason(place)
    if place.has_pool and pool.is_exceeded(session, mode, place.resource_id):
        room.free_pool(session, mode, place.resource_id)
        if pool.is_exceeded(session, mode, place.resource_id):
            return "pool_exhausted"
    return None


def is_too_much(session: Session, place: Place) -> bool:
    use = room.present_use(session, place)
    return place.most is not None and use.used + use.reserved > place.most


def count_use(session: Session, mode: Mode, stored: Stored, place: Place, amount: int) -> Use:
    """Count the use, give back the whole reservation, and mark it confirmed. The client's use afterwards."""
    is_new = store_use(session, mode, stored, place, amount)
    risen = change_clients(session, stored, place)
    change_pool(session, mode, stored, place, risen if place.kind == "gauge" else amount * is_new)
    values = {"id": stored.id, "state": "confirmed", "confirmed": amount, "now": now()}
    session.execute(sql.SETTLE, values)
    return room.present_use(session, place)


def store_use(session: Session, mode: Mode, stored: Stored, place: Place, amount: int) -> bool:
    """Store a counter's record, or raise a gauge. False when a record with the reservation's key is there already."""
    if place.kind == "counter":
        return store_record(session, mode, stored, place, amount)
    if not place.counts_itself:
        workspace = session.get_one(Workspace, place.workspace_id, populate_existing=True)
        levels.raise_level(session, workspace, place.resource_id, amount, place.moment)
    return True


def store_record(session: Session, mode: Mode, stored: Stored, place: Place, amount: int) -> bool:
    (record_id,) = reserve_ids(session, 1)
    pair = (place.client_id, place.resource_id)
    key = public_id("reservation", stored.id)
    record = Record(record_id, key, *pair, place.workspace_id, amount, place.moment)
    insert_records(session, mode, [record], now())
    if stored_records(session, mode, [key])[key].id != record_id:
        return False
    sums = Sums()
    sums.add_quantity(record, period_at(session, place.client_id, place.moment))
    write_sums(session, sums)
    return True


def change_clients(session: Session, stored: Stored, place: Place) -> int:
    """Count what the client of the workspace uses, and give back to the client that reserved: another one after a
    move. By how much the former's use rises."""
    user = (place.client_id, place.resource_id)
    rows = {row.pair: row for row in lock_rows(session, {user, (stored.client_id, stored.resource_id)}, now())}
    uses = current_use.refresh(session, {user}, {place.client_id: place.moment})
    if stored.reserved:
        give_back_to_client(session, stored)
    return uses[user].used - rows[user].used


def change_pool(session: Session, mode: Mode, stored: Stored, place: Place, used: int) -> None:
    if not place.has_pool:
        return
    is_counted = pool.is_over(place.pool_ends_at) and pool.begin_month(session, mode, place.resource_id)
    returned = stored.reserved if stored.counts_in_pool else 0
    pool.change(session, mode, place.resource_id, at=place.moment, used=0 if is_counted else used, reserved=-returned)


def expire(session: Session, mode: Mode, stored: Stored) -> None:
    """Give back a reservation that was not confirmed, unless that was done."""
    if stored.state != "reserved":
        return
    session.execute(sql.SETTLE, {"id": stored.id, "state": "expired", "confirmed": None, "now": now()})
    give_back(session, mode, stored)
