"""A client that pays by use, seen from both sides: what it reports, what is sent, and what Stripe has."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import stripe
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.metering.ledger import sums, totals
from billingportal.domain.metering.push import push_waiting
from billingportal.domain.plans.price_links import Link
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER
from billingportal.domain.usage.records import take_records
from billingportal.models import ClientMeter, MeterDay, MeterEvent
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.usage import add_resource, add_workspace
from tests.support.people.clients import Subscribed, connection, plan_of, subscribed_client
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.usage.reports import quantity

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Meters:
    """A partner's meter of AI replies: 0.4 cents each."""

    sandbox: Sandbox
    account: SandboxAccount
    plan_id: int
    resource_id: int
    stripe_meter_id: str

    @property
    def sdk(self) -> stripe.StripeClient:
        return self.sandbox.client(self.account.test_key)

    def control(self, command: str, **given: Any) -> Any:
        return self.sandbox.control(command, account=self.account.id, mode="test", **given)

    def settings(self, **given: Any) -> None:
        """When Stripe counts what it took."""
        self.sandbox.control("metering", account=self.account.id, **given)

    def read_meter(self) -> None:
        """Read the meter, as Stripe's event tells."""
        account, gateway = connection()
        reconciliation.refresh(transaction, gateway, account.id, METER, self.stripe_meter_id)

    def report_elsewhere(self, customer: str, value: int, at: datetime | None = None, **given: Any) -> None:
        """What a program that is not the portal tells Stripe."""
        params: Any = {"event_name": "ai_replies", "payload": {"stripe_customer_id": customer, "value": str(value)}}
        if at is not None:
            params["timestamp"] = int(at.timestamp())
        self.sdk.v1.billing.meter_events.create(params | given)


@dataclass(frozen=True)
class MeteredClient:
    """Works inside an application context. What it returns was read afresh."""

    meters: Meters
    ids: Subscribed
    workspace: str

    @property
    def gateway(self) -> StripeGateway:
        with transaction():
            return connection()[1]

    def row(self) -> ClientMeter:
        with transaction() as session:
            found = session.scalars(select(ClientMeter).where(ClientMeter.client_id == self.ids.client_id)).one()
            session.expunge(found)
            return found

    def uses(self, *amounts: int) -> None:
        """Report and send them one by one."""
        for amount in amounts:
            with transaction() as session:
                report = quantity(uuid4().hex, self.workspace, "ai_replies", amount)
                (taken,) = take_records(session, "test", [report], clock_times)
                assert taken.result == "accepted"
            self.push()

    def push(self) -> None:
        push_waiting(transaction, self.gateway, self.ids.client_id, seconds=5)

    def compare(self) -> None:
        """Ask Stripe for the totals of the open periods, and sum up."""
        totals.read_one(transaction, self.gateway, self.row().id, all_open=True)
        sum_up()

    def grow_older(self, hours: float) -> None:
        """What was sent was sent so much earlier, here and at Stripe."""
        by = timedelta(hours=hours)
        with transaction() as session:
            for event in session.scalars(select(MeterEvent).where(MeterEvent.client_meter_id == self.row_id(session))):
                event.first_sent_at = event.first_sent_at and event.first_sent_at - by
                event.sent_at = event.sent_at and event.sent_at - by
        self.meters.control("metering/age", seconds=int(by.total_seconds()))

    def row_id(self, session: Any) -> int:
        found: int = session.scalars(select(ClientMeter.id).where(ClientMeter.client_id == self.ids.client_id)).one()
        return found

    def change_events(self, *numbers: int, **values: object) -> None:
        """Change events by their place, the first is 0."""
        ids = [self.events()[number].id for number in numbers]
        with transaction() as session:
            session.execute(update(MeterEvent).where(MeterEvent.id.in_(ids)).values(**values))

    def events(self) -> list[MeterEvent]:
        with transaction() as session:
            mine = select(MeterEvent).where(MeterEvent.client_meter_id == self.row_id(session))
            return list(session.scalars(mine.order_by(MeterEvent.id).execution_options(populate_existing=True)))

    def states(self) -> list[str]:
        return [event.state for event in self.events()]

    def today(self) -> MeterDay:
        with transaction() as session:
            mine = select(MeterDay).where(MeterDay.client_meter_id == self.row_id(session), MeterDay.day == today())
            return session.scalars(mine.execution_options(populate_existing=True)).one()

    def lose_today(self) -> None:
        """Stripe loses what it counted today."""
        starts = int(datetime.combine(today(), time(), UTC).timestamp())
        self.meters.control("metering/lose", customer=self.ids.customer, starts=starts, ends=starts + 86400)


def today() -> date:
    return clock.now().date()


def sum_up() -> None:
    with transaction() as session:
        sums.write_sums(session, sums.read_sums(session), clock.now())


def open_meters(sandbox: Sandbox, account: SandboxAccount, app: Any, staff_id: int, **price: Any) -> Meters:
    """A plan of US$49.00 a month, and AI replies by use, in the connected account."""
    goods = Catalog(sandbox.client(account.test_key))
    with app.app_context():
        replies = add_resource("AI replies")
    meter = goods.meter("ai_replies", "AI replies")
    flat = goods.price(unit_amount=4900, product=goods.product("Growth"))
    terms = price or {"unit_amount_decimal": "0.4"}
    by_use = goods.metered(meter, product=goods.product("AI replies"), **terms)
    plan_id = plan_of(staff_id, app, [Link(flat, "flat"), Link(by_use, "usage", replies)])
    meters = Meters(sandbox, account, plan_id, replies, meter)
    with app.app_context():
        meters.read_meter()
    return meters


def metered_client(meters: Meters, app: Any, name: str = "Harbor Dental", **given: Any) -> MeteredClient:
    """A client that subscribed to the plan."""
    ids = subscribed_client(app, meters.sdk, meters.plan_id, name=name, **given)
    external_id = f"ws-{ids.client_id}"
    with app.app_context():
        add_workspace(ids.client_id, "Front desk", external_id)
    return MeteredClient(meters, ids, external_id)
