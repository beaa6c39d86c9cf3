"""Reserves units on the client's row and then on the pool's, only as far as there are some."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from billingportal.clock import now
from billingportal.db import Database
from billingportal.domain.common.plain_sql import dialect_of
from billingportal.domain.reservations import reservation_sql as sql
from billingportal.domain.reservations.outcomes import Reason, Use
from billingportal.domain.reservations.places import Place
from billingportal.domain.usage import current_use, pool
from billingportal.domain.usage.counting.references import lock_clients
from billingportal.models.connection.processor_account import Mode

UNLIMITED = 2**62


def take(database: Database, mode: Mode, place: Place, amount: int) -> Use | Reason:
    """Reserve units. The reason when there are too few; then nothing is left behind."""
    if not place.has_pool:
        return take_from_client(database, mode, place, amount) or own_reason(place)
    savepoint = database.begin_nested()
    use = take_from_client(database, mode, place, amount)
    if use is not None and take_from_pool(database, mode, place, amount):
        savepoint.commit()
        return use
    savepoint.rollback()
    return "pool_exhausted" if use is not None else own_reason(place)


def own_reason(place: Place) -> Reason:
    return "spending_cap" if place.reaction == "bill" else "limit_reached"


def prepare_row(database: Database, place: Place) -> None:
    """Add the client's row where it has none, and turn a counter to the present period."""
    if place.used is None or place.is_period_over:
        lock_clients(database, [place.client_id])
        pair = (place.client_id, place.resource_id)
        current_use.refresh(database, {pair}, {place.client_id: place.moment})


def present_use(database: Database, place: Place) -> Use:
    """What the client uses and has reserved now."""
    row = database.execute(sql.USE, key_of(place)).first()
    return Use(0, 0) if row is None else Use(row.used, row.reserved)


def take_from_client(database: Database, mode: Mode, place: Place, amount: int) -> Use | None:
    """Reserve on the client's row; when it is refused, give back what has expired and try once more."""
    prepare_row(database, place)
    use = take_once(database, place, amount)
    if use is None and give_back_expired(database, mode, place):
        use = take_once(database, place, amount)
    return use


def take_once(database: Database, place: Place, amount: int) -> Use | None:
    limit = UNLIMITED if place.reaction != "block" or place.quota is None else place.quota
    values = {"amount": amount, "most": limit, "is_billed": place.reaction == "bill", "now": now()}
    row = database.execute(sql.TAKE, {**key_of(place), **values}).first()
    return None if row is None else Use(row.used, row.reserved)


def take_from_pool(database: Database, mode: Mode, place: Place, amount: int) -> bool:
    """The same on the pool's row, which may wait for expired reservations of other clients."""
    if pool.is_over(place.pool_ends_at):
        pool.begin_month(database, mode, place.resource_id)
    if pool.reserve(database, mode, place.resource_id, amount):
        return True
    return free_pool(database, mode, place.resource_id) and pool.reserve(database, mode, place.resource_id, amount)


def give_back_expired(database: Database, mode: Mode, place: Place) -> bool:
    """Give back the client's reservations that have expired; whether there were any. Its row is locked already."""
    values = {**key_of(place), "now": now()}
    expired = database.execute(sql.EXPIRE_OF_CLIENT[dialect_of(database)], values).mappings().all()
    if not expired:
        return False
    database.execute(sql.CHANGE_USE, {**values, "used": 0, "returned": sum(row["quantity"] for row in expired)})
    in_pool = reserved_in_pool(expired)
    if in_pool:
        pool.change(database, mode, place.resource_id, at=now(), reserved=-in_pool)
    return True


def free_pool(database: Database, mode: Mode, resource_id: int) -> bool:
    """Give back to the pool what has expired for any client; whether there was something."""
    values = {"mode": mode, "resource_id": resource_id, "now": now(), "yes": True, "no": False}
    freed = sum(database.scalars(sql.EXPIRE_IN_POOL[dialect_of(database)], values))
    if freed:
        pool.change(database, mode, resource_id, at=now(), reserved=-freed)
    return bool(freed)


def reserved_in_pool(rows: Sequence[RowMapping]) -> int:
    return sum(row["quantity"] for row in rows if row["counts_in_pool"])


def key_of(place: Place) -> dict[str, object]:
    return {"client_id": place.client_id, "resource_id": place.resource_id}
