"""Faults on command."""

import time
from typing import Any

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", stripe.RateLimitError),
        ("500", stripe.APIError),
        ("malformed", stripe.APIError),
        ("drop", stripe.APIConnectionError),
    ],
)
def test_each_fault_is_what_the_sdk_calls_it(
    sandbox: Sandbox, client: stripe.StripeClient, kind: str, error: type[stripe.StripeError]
) -> None:
    sandbox.control("faults", kind=kind, count=1)
    with pytest.raises(error):
        client.v1.products.create(params={"name": "x"})
    assert client.v1.products.list().data == []


@pytest.mark.parametrize("kind", ["500", "drop", "malformed"])
def test_an_applied_fault_loses_only_the_answer(sandbox: Sandbox, client: stripe.StripeClient, kind: str) -> None:
    sandbox.control("faults", kind=kind, count=1, applied=True, stored=False)
    options: stripe.RequestOptions = {"idempotency_key": "key-1"}
    with pytest.raises(stripe.StripeError):
        client.v1.products.create(params={"name": "x"}, options=options)
    again = client.v1.products.create(params={"name": "x"}, options=options)
    assert [product.id for product in client.v1.products.list().data] == [again.id]


@pytest.mark.parametrize("applied", [False, True])
def test_a_stored_500_comes_again_for_its_key_and_only_another_key_helps(
    sandbox: Sandbox, client: stripe.StripeClient, applied: bool
) -> None:
    given: dict[str, Any] = {"applied": True} if applied else {"stored": True}
    sandbox.control("faults", kind="500", count=1, **given)
    for replayed in (None, "true"):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.products.create(params={"id": "p", "name": "x"}, options={"idempotency_key": "key-1"})
        assert failed.value.headers is not None
        assert failed.value.headers.get("idempotent-replayed") == replayed
    assert len(client.v1.products.list().data) == int(applied)
    if applied:
        with pytest.raises(stripe.InvalidRequestError, match="already exists"):
            client.v1.products.create(params={"id": "p", "name": "x"}, options={"idempotency_key": "key-1-2"})
    else:
        client.v1.products.create(params={"id": "p", "name": "x"}, options={"idempotency_key": "key-1-2"})
    assert [product.id for product in client.v1.products.list().data] == ["p"]


@pytest.mark.parametrize("kind", ["429", "500"])
def test_a_fault_may_ask_to_wait(sandbox: Sandbox, client: stripe.StripeClient, kind: str) -> None:
    sandbox.control("faults", kind=kind, count=1, retry_after=7)
    with pytest.raises(stripe.StripeError) as failed:
        client.v1.products.list()
    assert failed.value.headers is not None
    assert failed.value.headers["retry-after"] == "7"


@pytest.mark.parametrize(("reason", "code"), [("resource-specific", "rate_limit"), ("", "lock_timeout")])
def test_a_429_names_its_limiter_unless_the_object_is_locked(
    sandbox: Sandbox, client: stripe.StripeClient, reason: str, code: str
) -> None:
    sandbox.control("faults", kind="429", count=1, reason=reason)
    with pytest.raises(stripe.RateLimitError) as limited:
        client.v1.products.list()
    assert limited.value.headers is not None
    assert limited.value.error is not None
    assert (limited.value.headers.get("stripe-rate-limited-reason", ""), limited.value.error.code) == (reason, code)


def test_latency_is_waited_for(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.control("faults", kind="latency", seconds=0.2, count=1)
    began = time.monotonic()
    client.v1.balance.retrieve()
    assert time.monotonic() - began >= 0.2


def test_a_time_out_never_answers(sandbox: Sandbox, account: SandboxAccount) -> None:
    sandbox.control("faults", kind="timeout", seconds=30)
    addresses = dict.fromkeys(("api", "connect", "files", "meter_events"), sandbox.url)
    client = stripe.StripeClient(
        account.test_key,
        base_addresses=addresses,  # type: ignore[arg-type]
        http_client=stripe.RequestsClient(timeout=0.2),
    )
    with pytest.raises(stripe.APIConnectionError):
        client.v1.balance.retrieve()


def test_a_fault_hits_its_method_and_path_only_and_can_be_taken_back(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    sandbox.control("faults", kind="500", method="POST", path_prefix="/v1/products")
    client.v1.products.list()
    client.v1.customers.create(params={})
    with pytest.raises(stripe.APIError):
        client.v1.products.create(params={"name": "x"})
    sandbox.control("faults", verb="DELETE")
    client.v1.products.create(params={"name": "x"})


def test_a_latency_by_the_row_grows_with_the_page(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.control("faults", kind="latency", path_prefix="/v1/products", seconds=0.01, per_row=True)
    spent = []
    for limit in (1, 50):
        began = time.monotonic()
        client.v1.products.list(params={"limit": limit})
        spent.append(time.monotonic() - began)
    assert spent[1] >= 0.5
    assert spent[0] < spent[1]
