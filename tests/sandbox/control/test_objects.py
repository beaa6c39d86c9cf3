"""Objects that change, get lost and come back behind the API's back."""

import urllib.error
from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, first_item, latest_invoice, monthly_price, running_subscription, subscribe
from tests.sandbox.clocks import START, advance, customer_on, months_after, new_clock
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def place(account: SandboxAccount) -> dict[str, str]:
    return {"account": account.id, "mode": "test"}


def test_an_object_is_changed_without_an_event(
    sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str]
) -> None:
    product = client.v1.products.create(params={"name": "Pro", "metadata": {"a": "1", "b": "2"}})
    before = event_types(client)
    changes = {"name": "Pro 2", "metadata": {"b": "3"}}
    sandbox.control("objects/change", **place, type="product", id=product.id, changes=changes)
    changed = client.v1.products.retrieve(product.id)
    assert (changed.name, changed.metadata.to_dict()) == ("Pro 2", {"a": "1", "b": "3"})
    assert event_types(client) == before


def test_a_changed_price_is_billed_as_it_is_now(
    sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str]
) -> None:
    clock, price = new_clock(client), monthly_price(client, 1000)
    subscription = subscribe(client, customer_on(client, clock).id, price.id)
    changes = {"unit_amount": 1001, "unit_amount_decimal": "1001"}
    sandbox.control("objects/change", **place, type="price", id=price.id, changes=changes)
    advance(client, clock, months_after(START, 1))
    assert latest_invoice(client, subscription).total == 1001


@pytest.mark.parametrize(
    "given",
    [
        {"type": "product", "id": "prod_none", "changes": {}},
        {"type": "nothing", "id": "prod_none", "changes": {}},
        {"type": "product", "id": "", "changes": {"colour": "red"}},
    ],
)
def test_a_change_of_what_there_is_not_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str], given: dict[str, Any]
) -> None:
    product = client.v1.products.create(params={"name": "Pro"}).id
    with pytest.raises(urllib.error.HTTPError):
        sandbox.control("objects/change", **place, **{**given, "id": given["id"] or product})


def test_a_lost_object_is_unknown_until_it_is_restored(
    sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str]
) -> None:
    subscription = running_subscription(client)
    customer, invoice = str(subscription.customer), str(subscription.latest_invoice)
    price = first_item(subscription).price
    api = client.v1
    known = {
        "customer": (customer, api.customers),
        "subscription": (subscription.id, api.subscriptions),
        "invoice": (invoice, api.invoices),
        "price": (price.id, api.prices),
        "product": (str(price.product), api.products),
    }
    before = event_types(client)
    for kind, (identifier, service) in known.items():
        sandbox.control("objects/lose", **place, type=kind, id=identifier)
        with pytest.raises(stripe.InvalidRequestError) as unknown:
            service.retrieve(identifier)  # type: ignore[attr-defined]
        assert unknown.value.code == "resource_missing"
        assert identifier not in [one.id for one in service.list().auto_paging_iter()]  # type: ignore[attr-defined]
    for kind, (identifier, service) in known.items():
        sandbox.control("objects/restore", **place, type=kind, id=identifier)
        assert service.retrieve(identifier).id == identifier  # type: ignore[attr-defined]
        assert identifier in [one.id for one in service.list().auto_paging_iter()]  # type: ignore[attr-defined]
    assert event_types(client) == before


def test_a_lost_subscription_is_not_renewed(
    sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str]
) -> None:
    clock = new_clock(client)
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, monthly_price(client).id).id
    sandbox.control("objects/lose", **place, type="subscription", id=subscription)
    advance(client, clock, months_after(START, 3))
    assert len(client.v1.invoices.list(params={"customer": customer}).data) == 1


def test_a_customer_is_deleted_without_an_event(
    sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str]
) -> None:
    subscription = running_subscription(client)
    before = event_types(client)
    sandbox.control("objects/delete", **place, type="customer", id=str(subscription.customer))
    assert client.v1.customers.retrieve(str(subscription.customer)).deleted is True
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert event_types(client) == before


def test_a_deleted_object_is_restored(sandbox: Sandbox, client: stripe.StripeClient, place: dict[str, str]) -> None:
    product = client.v1.products.create(params={"name": "Pro"}).id
    client.v1.products.delete(product)
    sandbox.control("objects/restore", **place, type="product", id=product)
    assert client.v1.products.retrieve(product).name == "Pro"
