"""An audit that is killed in any of its transactions ends, once it goes on, as one that was not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.health.audit import runner
from billingportal.models import Customer, Invoice, InvoiceLine, StripeAudit, StripeAuditEntry, Subscription
from billingportal.models.rehearsal.visibility import full_transaction
from tests.support.catalog.catalog import Catalog
from tests.support.health.audits import begin_audit, counts, read_audit, run_audit
from tests.support.health.checks import connect
from tests.support.health.shops import sdk, staff_member
from tests.support.people.clients import paid_plan, subscribed_client
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# Transactions that are tried: most of them, in steps.
FIRST, STEP = 2, 7


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Opens transactions, and is killed in one of them: it is rolled back."""

    def __init__(self, at: int) -> None:
        self.left = at

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with full_transaction() as session:
            yield session
            self.left -= 1
            if self.left == 0:
                raise Killed


def damage() -> None:
    long_ago = clock.now() - timedelta(days=1)
    with transaction() as session:
        session.execute(update(Customer).values(name="Somebody", as_of=long_ago))
        session.execute(update(Subscription).values(status="paused", as_of=long_ago))
        session.execute(update(Invoice).values(total_minor=1, as_of=long_ago))
        session.execute(update(InvoiceLine).values(amount_minor=1))


def expire_lease(audit_id: int) -> None:
    with transaction() as session:
        row = session.get_one(StripeAudit, audit_id)
        row.progress = {**row.progress, "leased_until": (clock.now() - timedelta(seconds=1)).isoformat()}


def outcome(world: World, audit_id: int) -> tuple[object, ...]:
    """What an audit says in the end, times apart."""
    found = read_audit(world, audit_id)
    mine = select(StripeAuditEntry).where(StripeAuditEntry.stripe_audit_id == audit_id)
    entries = {(one.object_type, one.stripe_object_id, one.sentence) for one in world.session.scalars(mine)}
    return found.state, found.problem, entries, counts(world, found)


def test_an_audit_that_was_killed_anywhere_ends_as_one_that_was_not(world: World) -> None:
    connect(world)
    plan_id = paid_plan(staff_member(), Catalog(sdk(world)), world.app)
    for name in ("Harbor", "Kite"):
        subscribed_client(world.app, sdk(world), plan_id, name=name)
    run_audit(world, begin_audit(world))
    damage()
    whole = begin_audit(world)
    run_audit(world, whole)
    expected = outcome(world, whole)

    at, was_killed = FIRST, True
    while was_killed:
        damage()
        audit_id = begin_audit(world)
        was_killed = is_killed(world, audit_id, at)
        if was_killed:
            expire_lease(audit_id)
            assert run_audit(world, audit_id), at
        assert outcome(world, audit_id) == expected, at
        world.assert_in_step()
        at += STEP
    assert at > 40


def is_killed(world: World, audit_id: int, at: int) -> bool:
    """Whether the audit was killed in its transaction of this number, or came to its end before."""
    gateway = world.portal.open_gateway(world.stripe_account.test_key)
    try:
        runner.run(Killer(at).transaction, gateway, audit_id)
    except Killed:
        return True
    return False
