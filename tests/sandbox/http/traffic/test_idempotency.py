"""Idempotency keys."""

import threading

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def test_the_same_key_gets_the_same_answer_again(client: stripe.StripeClient) -> None:
    first = client.v1.products.create(params={"name": "Once"}, options={"idempotency_key": "key-1"})
    again = client.v1.products.create(params={"name": "Once"}, options={"idempotency_key": "key-1"})
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len(client.v1.products.list().data) == 1
    assert len(client.v1.events.list().data) == 1


def test_the_key_with_other_parameters_is_an_idempotency_error(client: stripe.StripeClient) -> None:
    client.v1.products.create(params={"name": "Once"}, options={"idempotency_key": "key-1"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v1.products.create(params={"name": "Twice"}, options={"idempotency_key": "key-1"})
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.customers.create(params={}, options={"idempotency_key": "key-1"})


def test_a_request_that_was_not_understood_leaves_its_key_free(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.products.create(params={}, options={"idempotency_key": "key-1"})  # type: ignore[typeddict-item]
    assert client.v1.products.create(params={"name": "Now"}, options={"idempotency_key": "key-1"}).name == "Now"


def test_a_refusal_by_execution_is_kept(client: stripe.StripeClient) -> None:
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.products.update("prod_x", params={"name": "n"}, options={"idempotency_key": "key-1"})
    assert refused.value.headers is not None
    assert refused.value.headers["idempotent-replayed"] == "true"


def test_a_key_in_flight_is_a_conflict(sandbox: Sandbox, account: SandboxAccount) -> None:
    sandbox.control("faults", kind="latency", seconds=1.0, method="POST", count=1)
    options: stripe.RequestOptions = {"idempotency_key": "key-1"}
    created: list[str] = []

    def slow() -> None:
        client = sandbox.client(account.test_key)
        created.append(client.v1.products.create(params={"name": "Slow"}, options=options).id)

    thread = threading.Thread(target=slow)
    thread.start()
    while not sandbox.server.world.accounts[account.id].stores["test"].answers:
        thread.join(0.005)
    with pytest.raises(stripe.APIError) as conflict:
        sandbox.client(account.test_key).v1.products.create(params={"name": "Slow"}, options=options)
    thread.join()
    assert conflict.value.http_status == 409
    assert (
        sandbox.client(account.test_key).v1.products.create(params={"name": "Slow"}, options=options).id == created[0]
    )


def test_events_tell_the_request_and_its_key(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "Once"}, options={"idempotency_key": "key-1"})
    event = client.v1.events.list().data[0]
    assert event.request is not None
    assert product.last_response is not None
    assert event.request.id == product.last_response.request_id
    assert event.request.idempotency_key == "key-1"
