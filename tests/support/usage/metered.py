"""Clients whose use is billed by a meter: months of use, reported here and to Stripe, and their invoices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import stripe
from sqlalchemy import select, update

from billingportal.db import transaction
from billingportal.domain.invoices import lines
from billingportal.domain.metering import client_meters, delivery, preparation
from billingportal.domain.plans.price_links import Link
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, METER, PRICE, PRODUCT, SUBSCRIPTION, TEST_CLOCK
from billingportal.domain.usage.records import take_records
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.models import ClientMeter, Invoice, Subscription
from billingportal.portal import current_portal
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.usage import add_resource, add_workspace
from tests.support.people.clients import Subscribed, connection, plan_of, subscribed_client
from tests.support.stripe.worlds import World
from tests.support.usage.reports import level, quantity, results

RESOURCE = "AI replies"
KEY, EVENT = "ai_replies", "ai_replies"
# A period that begins in the middle of a day.
START = int(datetime(2030, 1, 10, 10, 30, tzinfo=UTC).timestamp())
HOUR = 3600


@dataclass
class Metered:
    """A connected account that sells the use of one resource. Everything happens on test clocks."""

    world: World
    sdk: stripe.StripeClient
    staff_id: int
    resource_id: int
    meter: str
    clocks: dict[str, int] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.sdk)

    def plan(self, name: str, flat: str | None = None, **price: Any) -> int:
        """A plan of a metered price, perhaps beside a flat one; its id."""
        by_use = self.catalog.metered(self.meter, product=self.catalog.product(name), **price)
        links = [*([Link(flat, "flat")] if flat else []), Link(by_use, "usage", self.resource_id)]
        return plan_of(self.staff_id, self.world.app, links, name)

    def clock(self, at: int = START) -> str:
        made = str(self.sdk.v1.test_helpers.test_clocks.create(params={"frozen_time": at}).id)
        self.clocks[made] = at
        return made

    def subscribe(self, plan_id: int, name: str, test_clock: str, **given: Any) -> Subscribed:
        """A client with two workspaces, `front-NAME` and `web-NAME`."""
        found = subscribed_client(self.world.app, self.sdk, plan_id, name=name, test_clock=test_clock, **given)
        for workspace in ("front", "web"):
            add_workspace(found.client_id, workspace.title(), f"{workspace}-{name}")
        return found

    def use(self, one: Subscribed, name: str, used: Mapping[str, int], at: int, *, at_stripe: bool = True) -> None:
        """Report use of workspaces, here and to Stripe, as of one moment."""
        moment = datetime.fromtimestamp(at, UTC)
        reports = [
            quantity(uuid4().hex, f"{who}-{name}", KEY, number, moment) for who, number in used.items() if number
        ]
        with transaction() as session:
            assert set(results(take_records(session, "test", reports, clock_times))) <= {"accepted"}
        if at_stripe and any(used.values()):
            self.tell_stripe(one, sum(used.values()), at)

    def work(self) -> None:
        """As the worker does: evaluate, prepare meter events and send them, without a minute between two of them."""
        entitlement_jobs.evaluate_clients(current_portal())
        client_meters.follow_due(transaction)
        with transaction() as session:
            session.execute(update(ClientMeter).values(prepared_at=None))
        preparation.prepare_due(transaction)
        account, gateway = connection()
        delivery.deliver_due(transaction, gateway, account.id)

    def tell_stripe(self, one: Subscribed, number: int, at: int) -> None:
        payload = {"stripe_customer_id": one.customer, "value": str(number)}
        event: Any = {"event_name": EVENT, "payload": payload, "identifier": uuid4().hex, "timestamp": at}
        self.sdk.v1.billing.meter_events.create(params=event)

    def level(self, name: str, who: str, number: int, at: int) -> None:
        """Report a workspace's level, here only."""
        report = level(uuid4().hex, f"{who}-{name}", KEY, number, datetime.fromtimestamp(at, UTC))
        with transaction() as session:
            assert results(take_records(session, "test", [report], clock_times)) == ["accepted"]

    def read_price(self, price_id: str) -> None:
        """Read a price that was made at Stripe, and its product."""
        product = self.sdk.v1.prices.retrieve(price_id).product
        self.refresh([(PRICE, price_id), (PRODUCT, str(product))])

    def period_of(self, one: Subscribed) -> tuple[int, int]:
        """The period that the subscription is in, at Stripe."""
        items = self.sdk.v1.subscriptions.retrieve(one.subscription)["items"].data
        return items[0].current_period_start, items[0].current_period_end

    def advance(self, test_clock: str, to: int, clients: Sequence[Subscribed]) -> None:
        """Let time pass at Stripe, and read what this portal needs to count the use that follows."""
        self.sdk.v1.test_helpers.test_clocks.advance(test_clock, params={"frozen_time": to})
        self.refresh([(TEST_CLOCK, test_clock), *((SUBSCRIPTION, one.subscription) for one in clients)])

    def refresh(self, wanted: Sequence[tuple[Any, str]]) -> None:
        account, gateway = connection()
        for kind, object_id in wanted:
            reconciliation.refresh(transaction, gateway, account.id, kind, object_id)

    def read_invoices(self, one: Subscribed) -> list[Invoice]:
        """The client's invoices with their lines, read from Stripe, oldest first."""
        found = self.sdk.v1.invoices.list(params={"customer": one.customer, "limit": 100}).data
        self.refresh([(INVOICE, str(invoice.id)) for invoice in found])
        _, gateway = connection()
        mine = (
            select(Invoice).where(Invoice.stripe_customer_id == one.customer).order_by(Invoice.created_at, Invoice.id)
        )
        for invoice_id in [invoice.id for invoice in self.world.session.scalars(mine)]:
            lines.read_lines(transaction, gateway, invoice_id)
        return list(self.world.session.scalars(mine))

    def stored_subscription(self, one: Subscribed) -> Subscription:
        wanted = select(Subscription).where(Subscription.stripe_subscription_id == one.subscription)
        return self.world.session.scalars(wanted).one()


def metered(world: World, staff_id: int) -> Metered:
    """Connect the account of the world, with a meter of AI replies."""
    world.connect()
    world.work()
    sdk = world.sandbox.client(world.stripe_account.test_key)
    resource_id = add_resource(RESOURCE)
    meter = Catalog(sdk).meter(EVENT, RESOURCE)
    made = Metered(world, sdk, staff_id, resource_id, meter)
    made.refresh([(METER, meter)])
    return made
