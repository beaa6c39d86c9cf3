"""Warns staff when a pool is nearly used, and when it is used up: each once, until the use has fallen again."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common import audit
from billingportal.domain.usage.quota_bars import share
from billingportal.models import Resource, UsagePool

STEPS = (100, 80)
# A step counts as left when the use is so many percentage points below it.
MARGIN = 5


def warn_of_pools(session: Session) -> None:
    """Record the highest step that each pool has reached, with an audit entry for each rise."""
    rows = session.execute(
        select(UsagePool, Resource)
        .join(Resource, Resource.id == UsagePool.resource_id)
        .order_by(UsagePool.resource_id, UsagePool.mode)
        .execution_options(populate_existing=True)
    ).all()
    for pool, resource in rows:
        step = step_of(pool, resource)
        if step == pool.warned_percent:
            continue
        if step > pool.warned_percent:
            record_warning(session, pool, resource, step)
        pool.warned_percent = step
    session.flush()


def step_of(pool: UsagePool, resource: Resource) -> int:
    """The step of a pool, 0 below the first. One that was reached stays until the use is MARGIN below it."""
    percent = share(pool.used, pool.ceiling)
    wanted = {80: resource.warns_at_80, 100: resource.warns_at_100}
    margins = {step: MARGIN if pool.warned_percent >= step else 0 for step in STEPS}
    return next((step for step in STEPS if wanted[step] and percent >= step - margins[step]), 0)


def record_warning(session: Session, pool: UsagePool, resource: Resource, step: int) -> None:
    known = f"{pool.used:,} of the {pool.ceiling:,} {resource.unit} in the pool of {pool.mode} mode are used"
    words = f"{known}. No client can reserve more." if step == 100 else f"{known}."
    details = {"percent": step, "mode": pool.mode}
    act = audit.Act("pool.warning", words, actor="sync", subject=("resource", resource.id), details=details)
    audit.record_act(session, act)
