"""In whatever order records come, are repeated, taken back, and workspaces and periods change: the sums are right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import bare_transaction, glance, transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.common.references import Ref
from billingportal.domain.usage import levels, recount
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report
from billingportal.domain.usage.subscription_periods import Span, follow_subscription, refresh_counters
from billingportal.domain.usage.taking_back import take_back
from billingportal.models import (
    Client,
    ClientLevel,
    ClientUsage,
    UsageDay,
    UsagePeriod,
    UsageRecord,
    UsageTotal,
    Workspace,
    WorkspaceUsage,
)
from tests.domain.usage.conftest import Harbor
from tests.support.usage.ledger import expected_ledger, stored_ledger
from tests.support.usage.reports import level, quantity

NAMES = ("desk", "shop", "garden")
names = st.sampled_from(NAMES)
ages = st.one_of(st.none(), st.integers(0, 34 * 24 * 60))
keys = st.integers(0, 25).map(lambda number: f"key-{number}")
reports = st.one_of(
    st.tuples(st.just("quantity"), keys, names, st.integers(1, 50), ages),
    st.tuples(st.just("level"), keys, names, st.integers(0, 50), ages),
    st.tuples(st.just("whole"), keys, st.sampled_from(["harbor", "bloom"]), st.integers(1, 50), ages),
)
acts = st.one_of(
    st.tuples(st.just("report"), st.lists(reports, min_size=1, max_size=8)),
    st.tuples(st.just("take_back"), keys),
    st.tuples(st.just("archive"), names),
    st.tuples(st.just("restore"), names),
    st.tuples(st.just("move"), names),
    st.tuples(st.just("span"), st.integers(0, 40), st.integers(1, 50)),
    st.tuples(st.just("end"), st.integers(0, 40)),
)


@pytest.mark.timeout(400)
@settings(
    max_examples=40, phases=[Phase.generate], deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(acts, min_size=3, max_size=14))
def test_stored_sums_are_the_sums_of_the_records(
    session: Session, harbor: Harbor, lived: list[tuple[object, ...]]
) -> None:
    start_anew(harbor)
    life = Life(harbor, clock.now())
    for name, *given_ in lived:
        getattr(life, str(name))(*given_)

    assert stored_ledger(session) == expected_ledger(session, clock.now())
    assert recount.recount_client(glance, transaction, harbor.client_id) == []
    assert recount.recount_client(glance, transaction, harbor.other_id) == []


def start_anew(harbor: Harbor) -> None:
    with transaction() as session:
        for model in (ClientLevel, ClientUsage, UsageDay, UsagePeriod, UsageRecord, UsageTotal, WorkspaceUsage):
            session.execute(delete(model))
        session.execute(update(Workspace).values(archived_at=None, client_id=harbor.client_id))
        session.execute(update(Workspace).where(Workspace.name == "Garden").values(client_id=harbor.other_id))
        session.expire_all()
        for client_id in (harbor.client_id, harbor.other_id):
            levels.refresh_levels(session, client_id)


@dataclass
class Life:
    """What a platform, staff and Stripe do."""

    harbor: Harbor
    moment: datetime

    def report(self, given_: list[tuple[str, str, str, int, int | None]]) -> None:
        with bare_transaction() as connection:
            take_records(connection, "live", [self.made(*one) for one in given_])

    def made(self, kind: str, key: str, name: str, amount: int, age: int | None) -> Report:
        at = None if age is None else self.moment - timedelta(minutes=age)
        if kind == "whole":
            return Report(key, None, Ref(external_id=name), "contacts", amount, "level", at)
        return (
            quantity(key, name, "messages", amount, at)
            if kind == "quantity"
            else level(key, name, "contacts", amount, at)
        )

    def take_back(self, key: str) -> None:
        with transaction() as session:
            take_back(session, "live", key, "by mistake")

    def archive(self, name: str) -> None:
        self.on(
            name, lambda session, client, id_: workspaces.archive_workspace(session, client, id_, author=by_staff(1))
        )

    def restore(self, name: str) -> None:
        self.on(
            name, lambda session, client, id_: workspaces.restore_workspace(session, client, id_, author=by_staff(1))
        )

    def move(self, name: str) -> None:
        def act(session: Session, client: Client, id_: int) -> object:
            other = self.harbor.other_id if client.id == self.harbor.client_id else self.harbor.client_id
            return workspaces.move_workspace(session, client, id_, session.get_one(Client, other), author=by_staff(1))

        self.on(name, act)

    def span(self, age: int, length: int) -> None:
        starts_at = self.moment - timedelta(days=age)
        self.follow(Span(starts_at, starts_at + timedelta(days=length)), self.moment)

    def end(self, age: int) -> None:
        self.follow(None, self.moment - timedelta(days=age))

    def follow(self, span: Span | None, moment: datetime) -> None:
        with transaction() as session:
            follow_subscription(session, self.harbor.client_id, span, moment)
            refresh_counters(session, self.harbor.client_id, clock.now())

    def on(self, name: str, act: Callable[[Session, Client, int], object]) -> None:
        with transaction() as session:
            workspace = session.query(Workspace).filter_by(external_id=name).one()
            act(session, session.get_one(Client, workspace.client_id), workspace.id)
