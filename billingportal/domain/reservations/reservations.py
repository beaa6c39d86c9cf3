"""Reserves units, finds and releases reservations. Each function belongs to one transaction of its caller."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.plain_sql import dialect_of
from billingportal.domain.common.references import Ref
from billingportal.domain.reservations import reservation_sql as sql
from billingportal.domain.reservations import room
from billingportal.domain.reservations.errors import ArchivedWorkspace, SettledReservation, UnknownReservation
from billingportal.domain.reservations.outcomes import Granted, Refused, Use, refused
from billingportal.domain.reservations.places import Place, find_place
from billingportal.domain.usage import pool
from billingportal.models.connection.processor_account import Mode
from billingportal.models.rehearsal.visibility import shows_rehearsals
from billingportal.models.usage.reservation import ReservationState


@dataclass(frozen=True)
class Wish:
    """What the host platform asks for. `seconds` until it expires."""

    workspace: Ref
    resource_key: str
    quantity: int
    seconds: int


def reserve(database: Database, mode: Mode, wish: Wish) -> Granted | Refused:
    """Reserve units for a workspace. Raises UnknownWorkspace, UnknownResource or ArchivedWorkspace."""
    place = find_place(database, mode, wish.workspace, wish.resource_key)
    if place.is_archived:
        raise ArchivedWorkspace
    if place.access != "full":
        return refused(place, place.access)
    taken = room.take(database, mode, place, wish.quantity)
    if not isinstance(taken, Use):
        return refused(place, taken, room.present_use(database, place))
    return store(database, mode, place, wish, taken)


def store(database: Database, mode: Mode, place: Place, wish: Wish, use: Use) -> Granted:
    moment = now()
    expires_at = moment + timedelta(seconds=wish.seconds)
    values = {
        **room.key_of(place),
        "mode": mode,
        "workspace_id": place.workspace_id,
        "quantity": wish.quantity,
        "counts_in_pool": place.has_pool,
        "expires_at": expires_at,
        "now": moment,
    }
    reservation_id = database.execute(sql.INSERT, values).scalar_one()
    over = place.is_over(use.used, use.reserved)
    return Granted(reservation_id, wish.quantity, expires_at, use.used, use.reserved, place.quota, over)


@dataclass(frozen=True)
class Stored:
    """A reservation as it is stored. `confirmed_quantity` is what was used of it."""

    id: int
    client_id: int
    workspace_id: int
    resource_id: int
    resource_key: str
    quantity: int
    state: ReservationState
    counts_in_pool: bool
    expires_at: datetime
    created_at: datetime
    confirmed_quantity: int | None

    @property
    def reserved(self) -> int:
        """What is still reserved by it."""
        return self.quantity if self.state == "reserved" else 0


def find_reservation(database: Database, mode: Mode, reservation_id: int, *, lock: bool = False) -> Stored:
    """The reservation, locked until the commit if wished. Raises UnknownReservation."""
    statement = sql.LOCK[dialect_of(database)] if lock else sql.FIND
    named = {"id": reservation_id, "mode": mode, "shows_rehearsals": shows_rehearsals(database)}
    row = database.execute(statement, named).mappings().first()
    if row is None:
        raise UnknownReservation
    return Stored(**{field.name: row[field.name] for field in fields(Stored)})


def release(database: Database, mode: Mode, reservation_id: int) -> Stored:
    """Give back what was reserved. Nothing happens when it was given back before.

    Raises UnknownReservation, or SettledReservation when it was confirmed.
    """
    stored = find_reservation(database, mode, reservation_id, lock=True)
    if stored.state == "confirmed":
        raise SettledReservation
    if stored.state != "reserved":
        return stored
    database.execute(sql.SETTLE, {"id": stored.id, "state": "released", "confirmed": None, "now": now()})
    give_back(database, mode, stored)
    return replace(stored, state="released")


def give_back(database: Database, mode: Mode, stored: Stored) -> None:
    """Take it off the client's reserved units, and the pool's."""
    give_back_to_client(database, stored)
    if stored.counts_in_pool:
        pool.change(database, mode, stored.resource_id, at=now(), reserved=-stored.quantity)


def give_back_to_client(database: Database, stored: Stored) -> None:
    key = {"client_id": stored.client_id, "resource_id": stored.resource_id}
    database.execute(sql.CHANGE_USE, {**key, "used": 0, "returned": stored.quantity, "now": now()})
