"""A database restored from a week ago comes back in step by an audit alone."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.health.audit.outcome.report import report_of
from billingportal.jobs.sync import reconcile_events
from billingportal.models import Staff, StripeAudit
from tests.support.catalog.catalog import Catalog
from tests.support.health.audits import audit, begin_audit, counts, read_audit, run_audit
from tests.support.health.restored import Week, back_up, deliveries, entitlements, restore, timed
from tests.support.metering.metered import metered
from tests.support.people.clients import paid_plan
from tests.support.stripe.worlds import World

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
DAY = 24 * 3600


def staff() -> int:
    with transaction() as session:
        person = Staff(name="Mara", email="mara@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(person)
        session.flush()
        return person.id


@one_database
def test_a_database_restored_from_a_week_ago_is_in_step_after_one_audit(
    world: World, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    number: int = pytestconfig.getoption("--audit-clients")
    present, staff_id = int(clock.now().timestamp()), staff()
    messages = metered(world, staff_id)
    catalog = Catalog(messages.sdk)
    plans = tuple(paid_plan(staff_id, catalog, world.app, name) for name in ("Small", "Large"))
    user = messages.subscribe("Harbor")
    week = Week(world, plans)
    week.open(present - 34 * DAY, number)
    week.pass_time(present - 8 * DAY)
    audit(world)
    backup = tmp_path / "backup.sqlite3"
    back_up(backup)

    messages.use(240, key="that week")
    messages.work()
    world.sandbox.control("metering/process", account=world.stripe_account.id, mode="test")
    week.show(week.clock)
    week.live()
    week.add_client("Newcomer of that week")
    week.pass_time(present)
    audit(world)
    world.assert_in_step()
    expected = {row[0]: row for row in entitlements(world)}

    restore(backup, timedelta(days=7))
    with pytest.raises(AssertionError):
        world.assert_in_step()
    audit_id = begin_audit(world)
    world.forget_asked()
    with deliveries(world, next(iter(week.subscriptions))) as delivered:
        seconds = timed(lambda: run_audit(world, audit_id))
    calls = len(world.asked())
    found = read_audit(world, audit_id)
    report = report_of(world.session, world.session.get_one(StripeAudit, audit_id))
    total = report.total
    sys.stdout.write(
        f"\n{number} clients: {seconds:.1f} s, {calls} calls ({calls / number:.2f} a client), read {total.read}, "
        f"repaired {total.repaired}, {len(delivered)} events delivered meanwhile, {counts(world, found)}\n"
    )
    while any(event.state == "pending" for event in world.events()):
        reconcile_events(world.portal)
    world.work()

    assert (found.state, found.problem) == ("finished", "")
    world.assert_in_step()
    known = {row[0]: row for row in entitlements(world)}
    assert known == {client_id: row for client_id, row in expected.items() if client_id in known}
    assert set(delivered) <= {event.stripe_event_id for event in world.events()}
    assert {event.state for event in world.events()} <= {"applied", "stale", "ignored"}
    assert report.lost is not None
    assert [(one.client_id, one.units) for one in report.lost.at_stripe] == [(user.client_id, 240)]
    assert not report.is_done
    messages.use(240, key="that week")
    messages.use(10, key="afterwards")
    messages.work()
    assert [value for _, value in messages.at_stripe(user.customer)] == [240, 10]
    db.session.rollback()
