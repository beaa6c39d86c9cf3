"""Turns a reservation into use.

A reservation that has expired, or whose workspace has another client now, is confirmed only if there is room.
"""

from dataclasses import dataclass

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.plain_sql import dialect_of
from billingportal.domain.reservations import reservation_sql as sql
from billingportal.domain.reservations import room
from billingportal.domain.reservations.errors import SettledReservation, TooMany
from billingportal.domain.reservations.outcomes import Reason, Refused, Use, refused
from billingportal.domain.reservations.places import Place, present_place
from billingportal.domain.reservations.reservations import Stored, find_reservation, give_back
from billingportal.domain.usage import confirmed_use, pool, present_period
from billingportal.domain.usage.confirmed_use import ConfirmedUse
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class Confirmed:
    """What was used of a reservation, and how the client stands now. `limit` None is unlimited."""

    reservation_id: int
    quantity: int
    used: int
    reserved: int
    limit: int | None
    is_over: bool


def confirm(database: Database, mode: Mode, reservation_id: int, quantity: int | None = None) -> Confirmed | Refused:
    """Use so much of a reservation; None is all of it. The rest is given back. Doing it twice is fine.

    Raises UnknownReservation, TooMany for more than was reserved, or SettledReservation when it was released, or
    confirmed with another quantity.
    """
    stored = find_reservation(database, mode, reservation_id, lock=True)
    amount = stored.quantity if quantity is None else quantity
    if amount > stored.quantity:
        raise TooMany
    if stored.state == "released" or (stored.state == "confirmed" and stored.confirmed_quantity != amount):
        raise SettledReservation
    database.execute(sql.KEEP_WORKSPACE[dialect_of(database)], {"id": stored.workspace_id})
    place = present_place(database, mode, stored.workspace_id, stored.resource_id)
    if stored.state == "confirmed":
        return confirmed(place, stored, amount, room.present_use(database, place))
    if stored.state == "reserved" and stored.expires_at > now() and place.client_id == stored.client_id:
        return confirmed(place, stored, amount, count_use(database, mode, stored, place, amount))
    return confirm_again(database, mode, stored, place, amount)


def confirmed(place: Place, stored: Stored, amount: int, use: Use) -> Confirmed:
    over = place.is_over(use.used, use.reserved)
    return Confirmed(stored.id, amount, use.used, use.reserved, place.quota, over)


def confirm_again(database: Database, mode: Mode, stored: Stored, place: Place, amount: int) -> Confirmed | Refused:
    """Count it, and undo that when there is no room."""
    reason: Reason | None = None if place.access == "full" else place.access
    if reason is None:
        savepoint = database.begin_nested()
        count_use(database, mode, stored, place, amount)
        reason = lacking_room(database, mode, place)
        if reason is None:
            savepoint.commit()
            return confirmed(place, stored, amount, room.present_use(database, place))
        savepoint.rollback()
    expire(database, mode, stored)
    return refused(place, reason, room.present_use(database, place))


def lacking_room(database: Database, mode: Mode, place: Place) -> Reason | None:
    """Why the use that was just counted is too much; None when it is not."""
    if is_too_much(database, place):
        room.give_back_expired(database, mode, place)
        if is_too_much(database, place):
            return room.own_reason(place)
    if place.has_pool and pool.is_exceeded(database, mode, place.resource_id):
        room.free_pool(database, mode, place.resource_id)
        if pool.is_exceeded(database, mode, place.resource_id):
            return "pool_exhausted"
    return None


def is_too_much(database: Database, place: Place) -> bool:
    use = room.present_use(database, place)
    return place.most is not None and use.used + use.reserved > place.most


def count_use(database: Database, mode: Mode, stored: Stored, place: Place, amount: int) -> Use:
    """Count the use, give back the whole reservation, and mark it confirmed. The client's use afterwards."""
    used = counted(database, mode, stored, place, amount)
    change_clients(database, stored, place, used)
    change_pool(database, mode, stored, place, used)
    values = {"id": stored.id, "state": "confirmed", "confirmed": amount, "now": now()}
    database.execute(sql.SETTLE, values)
    return room.present_use(database, place)


def counted(database: Database, mode: Mode, stored: Stored, place: Place, amount: int) -> int:
    """Store the use; how much of it is new and counts for the client."""
    use = ConfirmedUse(stored.key, place.client_id, place.workspace_id, place.resource_id, amount, place.moment)
    if place.kind == "counter":
        return amount if confirmed_use.count_quantity(database, mode, use) else 0
    if place.counts_itself:
        return 0
    is_whole_client = confirmed_use.raise_level(database, use)
    return amount if is_whole_client or not place.is_archived else 0


def change_clients(database: Database, stored: Stored, place: Place, used: int) -> None:
    """Add the use to the client of the workspace; give back to the client that reserved, another one after a move."""
    if place.used is None:
        room.add_row(database, place)
    for client_id in sorted({place.client_id, stored.client_id}):
        is_user = client_id == place.client_id
        is_counted = is_user and place.is_period_over and begin_period(database, place)
        change = {
            "used": used if is_user and not is_counted else 0,
            "returned": stored.reserved if client_id == stored.client_id else 0,
        }
        key = {"client_id": client_id, "resource_id": place.resource_id}
        database.execute(sql.CHANGE_USE, {**key, **change, "now": now()})


def begin_period(database: Database, place: Place) -> bool:
    """Begin the present period with what is in its total already; whether that was to be done."""
    return present_period.begin_period(database, place.client_id, place.resource_id, place.moment)


def change_pool(database: Database, mode: Mode, stored: Stored, place: Place, used: int) -> None:
    if not place.has_pool:
        return
    is_counted = pool.is_over(place.pool_ends_at) and pool.begin_month(database, mode, place.resource_id)
    returned = stored.reserved if stored.counts_in_pool else 0
    pool.change(database, mode, place.resource_id, at=place.moment, used=0 if is_counted else used, reserved=-returned)


def expire(database: Database, mode: Mode, stored: Stored) -> None:
    """Give back a reservation that was not confirmed, unless that was done."""
    if stored.state != "reserved":
        return
    database.execute(sql.SETTLE, {"id": stored.id, "state": "expired", "confirmed": None, "now": now()})
    give_back(database, mode, stored)
