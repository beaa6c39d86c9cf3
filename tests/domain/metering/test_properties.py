"""In whatever order records come, are repeated and taken back, whatever Stripe answers and however periods move: the
events of each day and period add up to what was counted, and Stripe has each once.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.clock import now
from billingportal.db import bare_transaction, glance, transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.metering import preparation
from billingportal.domain.metering.corrections import LARGEST
from billingportal.domain.metering.outbox import NOT_COUNTED, refresh_days
from billingportal.domain.metering.sending.claims import Outgoing, claim
from billingportal.domain.metering.sending.outcomes import Outcome, Sent, store
from billingportal.domain.usage import recount
from billingportal.domain.usage.periods import period_in
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report
from billingportal.domain.usage.subscription_periods import Span, all_periods, follow_subscription
from billingportal.domain.usage.taking_back import take_back
from billingportal.models import (
    Client,
    ClientCustomer,
    ClientMeter,
    ClientUsage,
    Meter,
    MeterDay,
    MeterEvent,
    Resource,
    Staff,
    UsageDay,
    UsagePeriod,
    UsageRecord,
    UsageTotal,
    Workspace,
)
from billingportal.stripe_gateway.errors import StripeUnreachable
from tests.support.catalog.plans import add_account
from tests.support.people.clients import new_client
from tests.support.usage.reports import quantity

MINUTES = 33 * 24 * 60
KEYS = [f"key-{number}" for number in range(25)]
NAMES = ("desk", "shop")
# What happens, and how often. Few kinds of the same length: a life of many different steps is what finds faults.
ACTS = {"report": 6, "take_back": 4, "move": 1, "span": 1, "spoil": 1, "prepare": 6, "deliver": 6}
ANSWERS = ("taken", "taken", "taken", "lost", "never came")


@dataclass(frozen=True)
class Harbor:
    """A client with the workspaces `desk` and `shop`, whose messages a meter bills, and another client."""

    client_id: int
    other_id: int
    resource_id: int
    account_id: int


@pytest.fixture
def harbor(session: Session, owner: Staff) -> Harbor:
    with transaction() as writing:
        account_id = add_account(writing).id
        resource = Resource(key="messages", name="Messages", unit="messages", kind="counter", created_at=now())
        writing.add(resource)
        writing.flush()
        resource_id = resource.id
        writing.execute(update(Meter).values(aggregation="sum"))
    client_id = new_client("Harbor", workspace_name="Desk", workspace_external_id="desk")
    other_id = new_client("Bloom", workspace_name="Garden", workspace_external_id="garden")
    with transaction() as writing:
        client = writing.get_one(Client, client_id)
        workspaces.create_workspace(writing, client, "Shop", "shop", author=by_staff(None))
        link = ClientCustomer(client_id=client_id, processor_account_id=account_id, linked_at=now())
        link.stripe_customer_id = "cus_1"
        writing.add(link)
    session.rollback()
    return Harbor(client_id, other_id, resource_id, account_id)


@pytest.mark.timeout(400)
@settings(
    max_examples=25, phases=[Phase.generate], deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32))
def test_events_add_up_to_what_was_counted(session: Session, harbor: Harbor, seed: int) -> None:
    life = Life(harbor, start_anew(harbor), Random(seed))
    for name in life.chance.choices(list(ACTS), list(ACTS.values()), k=30):
        getattr(life, name)()
    recount.recount_client(glance, transaction, harbor.client_id)
    life.prepare()

    session.rollback()
    assert life.prepared(session) == life.counted(session)
    life.check_rows(session)
    life.check_stripe(session)


def start_anew(harbor: Harbor) -> int:
    with transaction() as session:
        for model in (MeterEvent, MeterDay, ClientMeter, ClientUsage, UsageDay, UsagePeriod, UsageRecord, UsageTotal):
            session.execute(delete(model))
        session.execute(update(Workspace).where(Workspace.name != "Garden").values(client_id=harbor.client_id))
        session.expire_all()
        begins_at = now() - timedelta(minutes=MINUTES)
        meter = ClientMeter(
            client_id=harbor.client_id,
            resource_id=harbor.resource_id,
            processor_account_id=harbor.account_id,
            stripe_meter_id="mtr_1",
            stripe_subscription_id="sub_1",
            begins_at=begins_at,
            billed_from=begins_at,
        )
        session.add(meter)
        session.flush()
        return meter.id


@dataclass
class Life:
    """What a platform, staff and Stripe do. `taken` is what Stripe has, by identifier."""

    harbor: Harbor
    meter_id: int
    chance: Random
    moment: datetime = field(default_factory=clock.now)
    taken: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def report(self) -> None:
        made = [self.record() for _ in range(self.chance.randint(1, 6))]
        with bare_transaction() as connection:
            take_records(connection, "test", made)

    def record(self) -> Report:
        amount = self.chance.choice((self.chance.randint(1, 50), 10**12 - self.chance.randint(0, 5)))
        age = self.chance.choice((0, self.chance.randint(0, 600), self.chance.randint(0, MINUTES)))
        at = self.moment - timedelta(minutes=age)
        return quantity(self.chance.choice(KEYS), self.chance.choice(NAMES), "messages", amount, at)

    def take_back(self) -> None:
        with transaction() as session:
            take_back(session, "test", self.chance.choice(KEYS), "by mistake")

    def move(self) -> None:
        name = self.chance.choice(NAMES)
        with transaction() as session:
            workspace = session.scalars(select(Workspace).where(Workspace.external_id == name)).one()
            is_mine = workspace.client_id == self.harbor.client_id
            other = session.get_one(Client, self.harbor.other_id if is_mine else self.harbor.client_id)
            mine = session.get_one(Client, workspace.client_id)
            workspaces.move_workspace(session, mine, workspace.id, other, author=by_staff(None))

    def span(self) -> None:
        starts_at = (self.moment - timedelta(hours=self.chance.randint(0, 40 * 24))).replace(microsecond=0)
        with transaction() as session:
            span = Span(starts_at, starts_at + timedelta(days=self.chance.randint(1, 50)))
            follow_subscription(session, self.harbor.client_id, span, self.moment)
            session.execute(update(ClientMeter).values(prepared_revision=preparation.AGAIN))

    def spoil(self) -> None:
        """Have a day's total be wrong, until the recount finds it."""
        with transaction() as session:
            day = session.scalars(
                select(UsageDay).where(UsageDay.client_id == self.harbor.client_id).limit(1)
            ).one_or_none()
            if day is not None:
                day.used = max(day.used + self.chance.randint(-40, 40), 0)
                session.execute(update(ClientUsage).values(revision=ClientUsage.revision + 1))

    def prepare(self) -> None:
        with transaction() as session:
            session.execute(update(ClientMeter).values(prepared_at=None))
        preparation.prepare_due(transaction)

    def deliver(self) -> None:
        with transaction() as session:
            claimed = claim(session, self.meter_id, now())
        if claimed is None:
            return
        sent = Sent(claimed)
        for call in claimed.calls:
            answer = self.chance.choice(ANSWERS)
            sent.outcomes.append(self.answered(call, answer))
            if answer != "taken":
                break
        with transaction() as session:
            store(session, sent, now())

    def answered(self, call: Outgoing, answer: str) -> Outcome:
        if answer != "never came":
            self.apply(call)
        if answer == "taken":
            return Outcome(call, "taken")
        return Outcome(call, "unknown", None, StripeUnreachable("no answer"))

    def apply(self, call: Outgoing) -> None:
        if call.takes_back:
            self.taken.pop(call.identifier, None)
            return
        event = (call.at, int(call.payload["value"]))
        assert self.taken.setdefault(call.identifier, event) == event, "a row changed after it was sent"

    def counted(self, session: Session) -> dict[tuple[date, datetime], int]:
        """What the records add up to, one by one."""
        periods = all_periods(session, self.harbor.client_id)
        meter = session.get_one(ClientMeter, self.meter_id)
        found: dict[tuple[date, datetime], int] = defaultdict(int)
        for record in session.scalars(
            select(UsageRecord).where(
                UsageRecord.client_id == self.harbor.client_id, UsageRecord.taken_back_at.is_(None)
            )
        ):
            if record.at >= meter.begins_at:
                found[record.at.date(), period_in(periods, record.at).starts_at] += record.amount
        return {key: value for key, value in found.items() if value}

    def prepared(self, session: Session) -> dict[tuple[date, datetime], int]:
        found: dict[tuple[date, datetime], int] = defaultdict(int)
        for event in session.scalars(select(MeterEvent).where(MeterEvent.state.not_in(NOT_COUNTED))):
            found[event.day, event.period_starts_at] += event.value
        return {key: value for key, value in found.items() if value}

    def check_rows(self, session: Session) -> None:
        periods = all_periods(session, self.harbor.client_id)
        for event in session.scalars(select(MeterEvent)):
            assert abs(event.value) <= LARGEST
            assert event.day == event.at.date()
            assert event.period_starts_at == period_in(periods, event.at).starts_at
            assert event.at <= now()

    def check_stripe(self, session: Session) -> None:
        """What Stripe has is what the rows say that it has."""
        rows = {event.identifier: event for event in session.scalars(select(MeterEvent))}
        for identifier, (_, value) in self.taken.items():
            assert rows[identifier].state in ("sent", "due", "cancelling", "in_doubt")
            assert rows[identifier].value == value
        for identifier, row in rows.items():
            if row.state == "sent":
                assert identifier in self.taken
        before = self.days(session)
        with transaction() as writing:
            refresh_days(writing, self.meter_id, {row.day for row in rows.values()})
        assert self.days(session) == before, "a day's row did not follow its events"

    def days(self, session: Session) -> dict[tuple[date, datetime], tuple[int, ...]]:
        session.rollback()
        rows = session.scalars(select(MeterDay))
        found = {(row.day, row.period_starts_at): (row.prepared, row.sent, row.waiting) for row in rows}
        return {key: values for key, values in found.items() if any(values)}
