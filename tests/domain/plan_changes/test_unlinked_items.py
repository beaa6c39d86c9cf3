"""Changes from a subscription with items of prices that no plan has, as when somebody changed it in Stripe."""

from typing import Any

import pytest

from billingportal.db import transaction
from billingportal.domain.offers.selection import Selection
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import PRICE, PRODUCT
from billingportal.errors import Refusal
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.objects.copies import PriceCopy
from tests.support.catalog.catalog import Catalog
from tests.support.people.clients import Subscribed, connection
from tests.support.people.plan_changes import look, move
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


@pytest.fixture
def goods(store: Store) -> Catalog:
    return Catalog(store.sdk)


def product_of(store: Store, client: Subscribed) -> str:
    (item,) = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data
    return str(item.price.product)


def read(price: str) -> None:
    """Read a price and its product, as a webhook would tell."""
    account, gateway = connection()
    reconciliation.refresh(transaction, gateway, account.id, PRICE, price)
    copy = gateway.objects.fetch("price", price).copy
    assert isinstance(copy, PriceCopy)
    reconciliation.refresh(transaction, gateway, account.id, PRODUCT, copy.stripe_product_id)


def replace(store: Store, client: Subscribed, price: str) -> None:
    """Move the subscription's first item to a price, as in Stripe's dashboard."""
    item = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data[0]
    read(price)
    params: Any = {"items": [{"id": item.id, "price": price, "quantity": 1}], "proration_behavior": "none"}
    store.sdk.v1.subscriptions.update(client.subscription, params)
    store.refresh(client)


def add(store: Store, client: Subscribed, price: str) -> None:
    """Add an item, as in Stripe's dashboard."""
    read(price)
    params: Any = {"items": [{"price": price, "quantity": 1}], "proration_behavior": "none"}
    store.sdk.v1.subscriptions.update(client.subscription, params)
    store.refresh(client)


def test_the_only_licensed_item_is_replaced(store: Store, goods: Catalog) -> None:
    client = store.subscribe(store.starter)
    replace(store, client, goods.price(unit_amount=1200))

    shown, made = move(client.client_id, store.growth)

    assert made.state == "done"
    assert list(store.held(client).values()) == [1]
    assert shown.renewal is not None
    assert shown.renewal.minor == 4900
    assert shown.staying == ()


def test_an_item_of_a_plans_product_is_replaced_beside_others(store: Store, goods: Catalog) -> None:
    client = store.subscribe(store.starter)
    product = product_of(store, client)
    support = goods.price(unit_amount=500, product=goods.product("Support"))
    replace(store, client, goods.price(unit_amount=1200, product=product))
    add(store, client, support)

    shown, made = move(client.client_id, store.growth)

    assert made.state == "done"
    assert len(store.held(client)) == 2
    assert support in store.held(client)
    assert shown.renewal is not None
    assert shown.renewal.minor == 4900 + 500
    assert shown.staying == ("Support, US$5.00 a month",)


def test_an_item_of_something_else_stays_beside_the_plan(store: Store, goods: Catalog) -> None:
    client = store.subscribe(store.growth)
    support = goods.price(unit_amount=500, product=goods.product("Support"))
    add(store, client, support)

    shown, made = move(client.client_id, store.starter)

    assert made.state == "scheduled"
    assert shown.staying == ("Support, US$5.00 a month",)
    assert (shown.renewal.minor if shown.renewal else 0) == 1900 + 500


def test_usage_of_a_plans_product_is_replaced_too(store: Store, goods: Catalog) -> None:
    client = store.subscribe(store.scale, quantities={"contacts": 5})
    items = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data
    used = next(item for item in items if not hasattr(item, "quantity") or item.quantity is None)
    recurring = {"interval": "month", "usage_type": "metered", "meter": str(used.price.recurring.meter)}
    dearer = goods.price(unit_amount=9, product=str(used.price.product), recurring=recurring)
    store.sdk.v1.subscriptions.update(client.subscription, {"items": [{"id": used.id, "price": dearer}]})
    store.refresh(client)

    move(client.client_id, store.scale, Selection(("month", 1), "usd", {"contacts": 6}))

    assert dearer not in store.held(client)
    assert len(store.held(client)) == 3


def test_in_doubt_the_client_is_sent_to_the_partner_and_staff_see_the_items(
    store: Store, goods: Catalog, owner: Staff
) -> None:
    client = store.subscribe(store.starter)
    first, second = goods.price(unit_amount=1200), goods.price(unit_amount=500)
    replace(store, client, first)
    add(store, client, second)

    with pytest.raises(Refusal, match="Contact us"):
        look(client.client_id, store.growth)
    with pytest.raises(Refusal) as refused:
        look(client.client_id, store.growth, staff_id=owner.id)

    assert first in refused.value.message
    assert second in refused.value.message
    assert "US$12.00 a month" in refused.value.message
    assert set(store.held(client)) == {first, second}
