"""Sets, changes and removes pools for staff."""

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.locks import RESOURCES, take_turns
from billingportal.domain.common.plain_sql import dialect_of
from billingportal.domain.usage import pool_sql
from billingportal.domain.usage.periods import month_of
from billingportal.errors import Refusal
from billingportal.models import Resource, UsagePool
from billingportal.models.connection.processor_account import Mode

LARGEST_CEILING = 10**15


def find_pool(session: Session, mode: Mode, resource_id: int) -> UsagePool | None:
    return session.scalar(select(UsagePool).where(UsagePool.mode == mode, UsagePool.resource_id == resource_id))


def set_pool(session: Session, mode: Mode, resource_id: int, ceiling: int | None, staff_id: int) -> UsagePool | None:
    """Set the ceiling of a resource over all clients of a mode; None removes it. Raises Refusal for a wrong number."""
    take_turns(session, RESOURCES)
    resource = session.get(Resource, resource_id)
    if resource is None:
        raise Refusal("", "Somebody deleted this resource meanwhile.")
    if ceiling is not None and not 0 <= ceiling <= LARGEST_CEILING:
        raise Refusal("pool", "A pool is a whole number, 0 or more.")
    pool = find_pool(session, mode, resource_id)
    before = pool.ceiling if pool else None
    if before == ceiling:
        return pool
    if ceiling is None:
        session.execute(delete(UsagePool).where(UsagePool.mode == mode, UsagePool.resource_id == resource_id))
        session.expire_all()
    elif pool is None:
        create_pool(session, mode, resource, ceiling)
    else:
        change_ceiling(session, pool, ceiling)
    record_pool(session, mode, resource, (before, ceiling), staff_id)
    return find_pool(session, mode, resource_id)


def create_pool(session: Session, mode: Mode, resource: Resource, ceiling: int) -> None:
    """Add a pool with what clients use and have reserved. Reports and reservations wait until the commit."""
    if dialect_of(session) == "postgresql":
        session.execute(text("LOCK TABLE client_usage IN SHARE MODE"))
    moment = now()
    pool = UsagePool(mode=mode, resource_id=resource.id, ceiling=ceiling, used=0, reserved=0, warned_percent=0)
    if resource.kind == "counter":
        month = month_of(moment)
        pool.period_starts_at, pool.period_ends_at = month.starts_at, month.ends_at
    session.add(pool)
    session.flush()
    count_pool(session, pool)


def count_pool(session: Session, pool: UsagePool) -> None:
    """Count what all clients use and have reserved."""
    key: dict[str, object] = {"mode": pool.mode, "resource_id": pool.resource_id}
    if pool.period_starts_at is not None and pool.period_ends_at is not None:
        days = {"first_day": pool.period_starts_at.date(), "next_day": pool.period_ends_at.date()}
        session.execute(pool_sql.COUNT_MONTH, {**key, **days})
    else:
        session.execute(pool_sql.COUNT_LEVELS, key)
    session.execute(pool_sql.MARK_RESERVED[dialect_of(session)], {**key, "yes": True})
    session.execute(pool_sql.COUNT_RESERVED, key)
    session.expire(pool)


def change_ceiling(session: Session, pool: UsagePool, ceiling: int) -> None:
    session.refresh(pool, with_for_update=True)
    pool.ceiling, pool.warned_percent = ceiling, 0
    session.flush()


def record_pool(
    session: Session, mode: Mode, resource: Resource, ceilings: tuple[int | None, int | None], staff_id: int
) -> None:
    before, after = ceilings
    words = f"Removed the pool of {resource.unit} in {mode} mode"
    if after is not None:
        words = f"Set the pool of {resource.unit} in {mode} mode to {after:,}"
    if before is not None and after is not None:
        words += f" instead of {before:,}"
    act = audit.Act("pool.changed", f"{words}.", staff_id=staff_id, subject=("resource", resource.id))
    audit.record_act(session, act)
