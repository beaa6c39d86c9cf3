"""Staff are warned of a pool that is nearly used once, and again after it had fallen."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.usage.limits import pool_warnings
from billingportal.models import AuditEntry, Resource, UsagePool
from billingportal.models.auth.staff import Staff
from tests.support.usage.takers import Takers


@pytest.fixture
def resource_id(app: Flask, session: Session, owner: Staff) -> int:
    takers = Takers(app, owner.id)
    resource_id = takers.resource("gauge")
    takers.set_pool(resource_id, 100)
    return resource_id


def warned(resource_id: int, used: int) -> tuple[int, int]:
    """The step that is recorded at this use, and how many warnings there are by now."""
    with transaction() as session:
        pool = session.scalars(select(UsagePool).where(UsagePool.resource_id == resource_id)).one()
        pool.used = used
        session.flush()
        pool_warnings.warn_of_pools(session)
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "pool.warning")).all()
        return pool.warned_percent, len(entries)


def test_each_step_is_told_once_until_the_use_has_fallen(resource_id: int) -> None:
    uses = (79, 80, 90, 80, 76, 75, 74, 80, 100, 96, 94, 100, 130)

    met = [warned(resource_id, used) for used in uses]

    assert [step for step, _ in met] == [0, 80, 80, 80, 80, 80, 0, 80, 100, 100, 80, 100, 100]
    assert [number for _, number in met] == [0, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4]


def test_a_step_that_the_resource_switches_off_is_not_told(resource_id: int) -> None:
    with transaction() as session:
        session.get_one(Resource, resource_id).warns_at_80 = False

    assert warned(resource_id, 90) == (0, 0)
    assert warned(resource_id, 100) == (100, 1)
