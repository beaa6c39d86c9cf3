"""Findings about clients and what they may use."""

import pytest
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.sync.object_types import CUSTOMER, PRICE, SUBSCRIPTION
from billingportal.models import Customer, Entitlement, Subscription
from tests.domain.health.provoked.row import Provoked
from tests.support.catalog.catalog import Catalog
from tests.support.health.repairs import press
from tests.support.health.shops import change_client, client_of, evaluate, linked_price, refresh, sdk, sell
from tests.support.people.clients import link_customer, new_client, new_customer
from tests.support.stripe.worlds import World


def subscribe_at_stripe(world: World, _: pytest.MonkeyPatch) -> None:
    customer = new_customer(sdk(world), "Kite Logistics", "pm_card_visa")
    made = sdk(world).v1.subscriptions.create(params={"customer": customer, "items": [{"price": linked_price(world)}]})
    refresh(CUSTOMER, customer)
    refresh(SUBSCRIPTION, made.id)


def adopt(world: World, _: pytest.MonkeyPatch) -> None:
    customer = world.session.scalars(select(Customer).where(Customer.name == "Kite Logistics")).one()
    link_customer(new_client("Kite Logistics"), customer.processor_account_id, customer.stripe_customer_id)


def move_to_unknown_price(world: World, _: pytest.MonkeyPatch) -> None:
    price = Catalog(sdk(world)).price(unit_amount=3300)
    refresh(PRICE, price)
    pay_price(world, price)


def move_back(world: World, _: pytest.MonkeyPatch) -> None:
    pay_price(world, linked_price(world))


def pay_price(world: World, price: str) -> None:
    subscription = client_of(world).subscription
    item = sdk(world).v1.subscriptions.retrieve(subscription).items.data[0].id
    sdk(world).v1.subscriptions.update(
        subscription, params={"items": [{"id": item, "price": price}], "proration_behavior": "none"}
    )
    refresh(SUBSCRIPTION, subscription)
    evaluate(world)


def subscribe_twice(world: World, _: pytest.MonkeyPatch) -> None:
    params = {"customer": client_of(world).customer, "items": [{"price": linked_price(world)}]}
    refresh(SUBSCRIPTION, sdk(world).v1.subscriptions.create(params=params).id)  # type: ignore[arg-type]
    evaluate(world)


def cancel_second(world: World, _: pytest.MonkeyPatch) -> None:
    second = world.session.scalars(select(Subscription.stripe_subscription_id).order_by(Subscription.id.desc())).first()
    assert second is not None
    sdk(world).v1.subscriptions.cancel(second)
    refresh(SUBSCRIPTION, second)
    evaluate(world)


def delete_customer(world: World, _: pytest.MonkeyPatch) -> None:
    sdk(world).v1.customers.delete(client_of(world).customer)
    refresh(CUSTOMER, client_of(world).customer)


def archive_client(world: World, _: pytest.MonkeyPatch) -> None:
    change_client(world, archived_at=clock.now())


def suspend_in_row(world: World, _: pytest.MonkeyPatch) -> None:
    client_id = client_of(world).client_id
    with transaction() as session:
        session.execute(update(Entitlement).where(Entitlement.client_id == client_id).values(access="suspended"))


def work_out_again(world: World, _: pytest.MonkeyPatch) -> None:
    assert "has the quotas of Growth now" in press(world, "entitlement.differs")


ROWS = (
    Provoked("subscription.no_client", subscribe_at_stripe, "without a client", "Kite Logistics", adopt, sell),
    Provoked("client.no_plan", move_to_unknown_price, "no plan has its prices", "runs at Stripe", move_back, sell),
    Provoked("client.two_subscriptions", subscribe_twice, "pays for 2 subscriptions", "counts", cancel_second, sell),
    Provoked("client.customer_deleted", delete_customer, "was deleted at Stripe", "charges", archive_client, sell),
    Provoked("entitlement.differs", suspend_in_row, "other limits", "suspended instead of full", work_out_again, sell),
)
