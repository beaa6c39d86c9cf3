"""A record that is taken back no longer counts, and the level before it comes back."""

from datetime import timedelta

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import bare_transaction, transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.usage import totals as usage_totals
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report
from billingportal.domain.usage.taking_back import take_back
from billingportal.models import Client, UsagePool
from tests.domain.usage.conftest import Harbor, workspace_id
from tests.support.usage.ledger import expected_ledger, stored_ledger
from tests.support.usage.reports import level, quantity


def take(*reports: Report) -> None:
    with bare_transaction() as connection:
        take_records(connection, "live", reports)


def back(key: str) -> int:
    with transaction() as session:
        done = take_back(session, "live", key, "by mistake")
        assert done is not None
        return done.use.used


def contacts(session: Session, client_id: int, harbor: Harbor) -> int:
    session.rollback()
    return usage_totals.usage_of(session, client_id).get(harbor.contacts, 0)


def test_a_quantity_leaves_every_sum_once(session: Session, harbor: Harbor) -> None:
    take(quantity("a", "desk", "messages", 5), quantity("b", "shop", "messages", 7))

    assert (back("a"), back("a")) == (7, 7)
    assert stored_ledger(session) == expected_ledger(session, clock.now())


def test_the_level_before_comes_back_also_from_another_day(session: Session, harbor: Harbor) -> None:
    moment = clock.now()
    take(level("a", "desk", "contacts", 10, moment - timedelta(days=3)), level("b", "shop", "contacts", 1))
    take(level("c", "desk", "contacts", 20, moment), level("d", "desk", "contacts", 30, moment))

    assert [back(key) for key in ("d", "c", "a")] == [21, 11, 1]
    assert stored_ledger(session) == expected_ledger(session, clock.now())


def test_a_level_that_moved_with_its_workspace_goes_from_both_clients(session: Session, harbor: Harbor) -> None:
    take(level("a", "desk", "contacts", 10, clock.now() - timedelta(days=3)), level("b", "desk", "contacts", 25))
    with transaction() as writing:
        client, target = writing.get_one(Client, harbor.client_id), writing.get_one(Client, harbor.other_id)
        workspaces.move_workspace(writing, client, workspace_id(writing, "desk"), target, author=by_staff(1))
    assert contacts(session, harbor.other_id, harbor) == 25

    back("b")

    assert contacts(session, harbor.other_id, harbor) == 10
    back("a")
    assert contacts(session, harbor.other_id, harbor) == 0
    assert stored_ledger(session) == expected_ledger(session, clock.now())


def test_pools_follow_reports_taking_back_and_archiving(session: Session, harbor: Harbor) -> None:
    def pools() -> dict[int, int]:
        session.rollback()
        return {row.resource_id: row.used for row in session.query(UsagePool)}

    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with transaction() as writing:
        following = (month + timedelta(days=32)).replace(day=1)
        period = {"period_starts_at": month, "period_ends_at": following}
        writing.add(UsagePool(mode="live", resource_id=harbor.messages, ceiling=100, **period))
        writing.add(UsagePool(mode="live", resource_id=harbor.contacts, ceiling=100))

    take(quantity("a", "desk", "messages", 5), quantity("b", "garden", "messages", 7))
    take(quantity("c", "desk", "messages", 9, month - timedelta(hours=1)))
    take(level("d", "desk", "contacts", 30), level("e", "garden", "contacts", 4))
    assert pools() == {harbor.messages: 12, harbor.contacts: 34}

    back("b")
    back("c")
    take(level("f", "desk", "contacts", 20))
    with transaction() as writing:
        client = writing.get_one(Client, harbor.other_id)
        workspaces.archive_workspace(writing, client, workspace_id(writing, "garden"), author=by_staff(1))
    assert pools() == {harbor.messages: 5, harbor.contacts: 20}
