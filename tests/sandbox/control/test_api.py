"""The control API."""

import urllib.error

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def test_the_state_tells_accounts_keys_and_counts(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.products.create(params={"name": "x"})
    (account,) = sandbox.control("state")["accounts"]
    assert account["name"] == "Northwind Digital Ltd"
    assert account["modes"]["test"]["objects"] == {"product": 1, "event": 1}
    kinds = [key["kind"] for key in account["modes"]["test"]["keys"]]
    assert kinds == ["secret", "restricted"]


def test_objects_are_shown_whole(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    ids = sandbox.control("samples", account=account.id, mode="test", name="catalog")
    prices = {price["id"]: price for price in sandbox.objects(account.id, "test", "price")}
    assert set(prices) == set(ids["prices"].values())
    assert len(prices[ids["prices"]["graduated"]]["tiers"]) == 3
    product = client.v1.products.create(params={"name": "gone"})
    client.v1.products.delete(product.id)
    shown = {product["id"]: product.get("deleted", False) for product in sandbox.objects(account.id, "test", "product")}
    assert shown == {ids["product"]: False, product.id: True}


@pytest.mark.parametrize("mode", ["test", "live"])
def test_samples_run_in_either_mode(sandbox: Sandbox, account: SandboxAccount, mode: str) -> None:
    ids = sandbox.control("samples", account=account.id, mode=mode, name="subscription")
    client = sandbox.client(account.test_key if mode == "test" else account.live_key)
    subscription = client.v1.subscriptions.retrieve(ids["subscription"], params={"expand": ["latest_invoice"]})
    assert subscription.status == "active"
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    assert subscription.latest_invoice.status == "paid"


def test_requests_are_remembered_without_their_keys(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    client.v1.balance.retrieve()
    (entry,) = sandbox.control("requests")["requests"]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/v1/balance", 200)
    assert entry["key"] == account.test_key[-4:]
    assert sandbox.control("requests", verb="DELETE")["requests"] == []


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("faults", {"kind": "earthquake"}),
        ("delivery", {"speed": 3}),
        ("samples", {"account": "acct_x", "mode": "test", "name": "catalog"}),
        ("nothing", {"x": 1}),
    ],
)
def test_wrong_orders_are_refused(sandbox: Sandbox, path: str, given: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        sandbox.control(path, **given)
    with refused.value:
        assert refused.value.code in (400, 404)


def test_a_history_is_made_of_real_events(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    told = sandbox.control("histories", account=account.id, mode="test", steps=120, seed=1)
    events = list(client.v1.events.list(params={"limit": 100}).auto_paging_iter())
    assert len(events) == told["events"] > 150
    types = {event.type for event in events}
    assert {"customer.deleted", "customer.subscription.deleted", "invoice.paid", "price.updated"} <= types
    last = {event.data.object["id"]: event.data.object for event in reversed(events)}
    for customer in client.v1.customers.list(params={"limit": 100}).data:
        assert customer.to_dict(for_json=True) == last[customer.id].to_dict(for_json=True)
    for invoice in client.v1.invoices.list(params={"limit": 100}).data:
        assert invoice.to_dict(for_json=True) == last[invoice.id].to_dict(for_json=True)


def test_events_can_be_made_older_than_stripe_keeps_them(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    client.v1.products.create(params={"name": "x"})
    sandbox.control("events/age", account=account.id, mode="test", seconds=31 * 24 * 3600)
    assert client.v1.events.list().data == []


def test_an_altered_object_is_shown_so_in_answers_lists_and_events(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    product = client.v1.products.create(params={"name": "x"})
    altered = {"account": account.id, "mode": "test", "id": product.id}
    sandbox.control("objects/alter", **altered, shown={"name": 5})
    client.v1.products.update(product.id, params={"description": "y"})
    listed = client.v1.products.list().data[0]
    event = client.v1.events.list(params={"type": "product.updated"}).data[0]
    assert [client.v1.products.retrieve(product.id).name, listed.name, event.data.object["name"]] == [5, 5, 5]
    sandbox.control("objects/alter", **altered, shown={})
    assert client.v1.products.retrieve(product.id).name == "x"
