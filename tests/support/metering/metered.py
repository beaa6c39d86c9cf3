"""A connected account that sells a counter by use, seen from both sides."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import stripe
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.metering import client_meters, delivery, preparation
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report, Taken
from billingportal.models import Client, ClientMeter, MeterDay, MeterEvent, Resource
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.sandbox import clocks
from tests.support.catalog.catalog import Catalog
from tests.support.people.clients import Subscribed, connection, plan_of, subscribed_client
from tests.support.stripe.worlds import World
from tests.support.usage.reports import level, quantity

START = datetime.fromtimestamp(clocks.START, UTC)


@dataclass(frozen=True)
class Metered:
    """One resource, the Stripe meter that bills it, and the plan that sells it by use."""

    world: World
    sdk: stripe.StripeClient
    staff_id: int
    plan_id: int
    resource: str
    meter_id: str
    price_id: str

    @property
    def gateway(self) -> StripeGateway:
        return connection()[1]

    def resource_id(self) -> int:
        return self.world.session.scalars(select(Resource.id).where(Resource.key == self.resource)).one()

    def new_clock(self) -> str:
        return clocks.new_clock(self.sdk)

    def subscribe(self, name: str = "Harbor", **given: Any) -> Subscribed:
        """A client that pays by use, with a workspace of the same name in small letters."""
        made = subscribed_client(self.world.app, self.sdk, self.plan_id, name=name, **given)
        self.add_workspace(made.client_id, name.lower())
        return made

    def add_workspace(self, client_id: int, external_id: str) -> None:
        with transaction() as session:
            client = session.get_one(Client, client_id)
            workspaces.create_workspace(
                session, client, external_id.title(), external_id, author=by_staff(self.staff_id)
            )

    def use(self, amount: int, at: datetime | None = None, workspace: str = "harbor", key: str = "") -> str:
        """Report a quantity; its key."""
        key = key or uuid4().hex
        (taken,) = self.take(quantity(key, workspace, self.resource, amount, at))
        assert taken.result == "accepted", taken
        return key

    def measure(self, amount: int, at: datetime | None = None, workspace: str = "harbor") -> None:
        """Report a level."""
        (taken,) = self.take(level(uuid4().hex, workspace, self.resource, amount, at))
        assert taken.result == "accepted", taken

    def take(self, *reports: Report) -> list[Taken]:
        with transaction() as session:
            return take_records(session, "test", reports, clock_times)

    def prepare(self) -> None:
        """As the worker does, but without a minute between two events."""
        client_meters.follow_due(transaction)
        with transaction() as session:
            session.execute(update(ClientMeter).values(prepared_at=None))
        preparation.prepare_due(transaction)

    def deliver(self) -> int:
        """Send what is due, whether or not Stripe asked to wait."""
        with transaction() as session:
            waits = ClientMeter.send_after.is_not(None)
            session.execute(update(ClientMeter).where(waits).values(send_after=clock.now()))
        return delivery.deliver_due(transaction, self.gateway, self.world.row().id)

    def work(self) -> None:
        """Prepare and send."""
        self.prepare()
        self.deliver()

    def advance(self, test_clock: str, to: datetime) -> None:
        """Let the clients' time pass, and read what happened."""
        clocks.advance(self.sdk, test_clock, int(to.timestamp()))
        self.world.read_events()

    def events(self) -> list[MeterEvent]:
        return list(self.world.session.scalars(select(MeterEvent).order_by(MeterEvent.id)))

    def states(self) -> list[tuple[str, int]]:
        return [(event.state, event.value) for event in self.events()]

    def meters(self) -> list[ClientMeter]:
        return list(self.world.session.scalars(select(ClientMeter).order_by(ClientMeter.id)))

    def days(self) -> list[MeterDay]:
        return list(self.world.session.scalars(select(MeterDay).order_by(MeterDay.day, MeterDay.period_starts_at)))

    def at_stripe(self, customer: str) -> list[tuple[datetime, int]]:
        """The time and value of each event that Stripe has of a customer, in the order of arrival."""
        found = self.world.sandbox.objects(self.world.stripe_account.id, "test", "billing.meter_event")
        return [
            (datetime.fromtimestamp(one["timestamp"], UTC), int(one["payload"]["value"]))
            for one in found
            if one["payload"].get("stripe_customer_id") == customer
        ]

    def total_at_stripe(self, customer: str, start: datetime, end: datetime) -> int:
        """What Stripe's events of a stretch of time add up to."""
        return sum(value for at, value in self.at_stripe(customer) if start <= at < end)


def metered(
    world: World, staff_id: int, formula: str = "sum", kind: str = "counter", window: str | None = None
) -> Metered:
    """Connect the account of a world and sell a resource by use; each unit costs US$0.20."""
    world.connect()
    world.work()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    with transaction() as session:
        resource = Resource(
            key="messages", name="Messages", unit="messages", kind=kind, position=9, created_at=clock.now()
        )
        session.add(resource)
        session.flush()
        resource_id = resource.id
    params: Any = {"display_name": "Messages", "event_name": "messages", "default_aggregation": {"formula": formula}}
    if window:
        params["event_time_window"] = window
    meter = sdk.v1.billing.meters.create(params=params).id
    price = Catalog(sdk).metered(meter, unit_amount=20)
    links = [Link(price, "usage", resource_id)]
    plan_id = plan_of(staff_id, world.app, links, "By use", quotas={resource_id: Limit(0, "bill")})
    world.read_events()
    return Metered(world, sdk, staff_id, plan_id, "messages", meter, price)


def ago(**by: float) -> datetime:
    return clock.now() - timedelta(**by)
