"""An account that sells, for provoking findings: read from Stripe, with a plan and a client that pays."""

from typing import Any

import stripe
from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.entitlements import evaluation
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import ObjectType
from billingportal.models import Client, ClientCustomer, Plan, PlanPrice, Resource, Staff, Subscription
from tests.support.catalog.catalog import Catalog
from tests.support.health.checks import connect
from tests.support.people.clients import Subscribed, connection, paid_plan, subscribed_client
from tests.support.stripe.worlds import World
from tests.support.usage.metered_clients import MeteredClient, Meters, metered_client, open_meters

NAME = "Harbor Dental"


def staff_member() -> int:
    with transaction() as session:
        for found in session.scalars(select(Staff)):
            return found.id
        person = Staff(name="Mara", email="mara@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(person)
        session.flush()
        return person.id


def sdk(world: World) -> stripe.StripeClient:
    return world.sandbox.client(world.stripe_account.test_key)


def sell(world: World) -> None:
    """A connected account with a plan that a client pays."""
    connect(world)
    plan_id = paid_plan(staff_member(), Catalog(sdk(world)), world.app)
    subscribed_client(world.app, sdk(world), plan_id, name=NAME)


def sell_use(world: World) -> None:
    """The same with a client that pays for what it used: 100 units."""
    connect(world)
    meters = open_meters(world.sandbox, world.stripe_account, world.app, staff_member())
    client = metered_client(meters, world.app, NAME)
    client.uses(60, 40)
    client.compare()


def client_of(world: World) -> Subscribed:
    """The one client."""
    link = world.session.scalars(select(ClientCustomer)).one()
    mine = select(Subscription.stripe_subscription_id).where(Subscription.stripe_customer_id == link.stripe_customer_id)
    subscription = world.session.scalars(mine.order_by(Subscription.id)).first()
    assert subscription is not None
    return Subscribed(link.client_id, link.processor_account_id, link.stripe_customer_id, subscription)


def metered_client_of(world: World) -> MeteredClient:
    session = world.session
    usage = session.scalars(select(PlanPrice).where(PlanPrice.role == "usage")).one()
    resource = session.scalars(select(Resource).where(Resource.key == "ai_replies")).one()
    meter = sdk(world).v1.billing.meters.list().data[0].id
    ids = client_of(world)
    meters = Meters(world.sandbox, world.stripe_account, usage.plan_id, resource.id, meter)
    return MeteredClient(meters, ids, f"ws-{ids.client_id}")


def linked_price(world: World) -> str:
    return world.session.scalars(select(PlanPrice.stripe_price_id)).one()


def refresh(kind: ObjectType, object_id: str) -> None:
    """Read one object, as its event would have it read."""
    account, gateway = connection()
    reconciliation.refresh(transaction, gateway, account.id, kind, object_id)


def evaluate(world: World) -> None:
    client_id = client_of(world).client_id
    with transaction() as session:
        evaluation.evaluate(session, client_id)


def change_client(world: World, **values: Any) -> None:
    client_id = client_of(world).client_id
    with transaction() as session:
        client = session.get_one(Client, client_id)
        for name, value in values.items():
            setattr(client, name, value)


def change_plan(**values: Any) -> None:
    with transaction() as session:
        for plan in session.scalars(select(Plan)):
            for name, value in values.items():
                setattr(plan, name, value)
