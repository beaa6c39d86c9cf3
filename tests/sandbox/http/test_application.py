"""What becomes of a request when the sandbox itself fails."""

import logging

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount

OPTIONS: stripe.RequestOptions = {"idempotency_key": "once"}


@pytest.fixture
def broken(sandbox: Sandbox, account: SandboxAccount) -> str:
    """The id of a product that lacks nearly everything, as a damaged state could hold one."""
    store = sandbox.server.world.accounts[account.id].stores["test"]
    return str(store.put({"id": "prod_broken", "object": "product"})["id"])


def failure(client: stripe.StripeClient, identifier: str) -> stripe.APIError:
    with pytest.raises(stripe.APIError) as failed:
        client.v1.products.update(identifier, params={"name": "x"}, options=OPTIONS)
    return failed.value


def test_a_mistake_of_its_own_is_a_500_with_a_request_id(
    client: stripe.StripeClient, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "billingportal.sandbox"):
        failed = failure(client, broken)
    assert (failed.http_status, type(failed)) == (500, stripe.APIError)
    assert failed.error is not None
    assert failed.error.type == "api_error"
    assert str(failed.request_id).startswith("req_")
    [record] = caplog.records
    assert record.exc_info is not None
    assert str(failed.request_id) in record.getMessage()
    assert f"POST /v1/products/{broken}" in record.getMessage()


def test_it_leaves_nothing_behind_and_the_next_request_works(client: stripe.StripeClient, broken: str) -> None:
    failure(client, broken)
    assert client.v1.events.list().data == []
    assert client.v1.products.create(params={"name": "Fine"}).name == "Fine"


def test_its_answer_is_kept_for_its_idempotency_key(client: stripe.StripeClient, broken: str) -> None:
    first, second = failure(client, broken), failure(client, broken)
    assert second.headers is not None
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.request_id != second.request_id
