"""Webhook endpoints."""

from typing import Any

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def create(
    client: stripe.StripeClient, url: str = "https://portal.example/hook", **more: object
) -> stripe.WebhookEndpoint:
    params: Any = {"url": url, "enabled_events": ["product.created"], **more}
    return client.v1.webhook_endpoints.create(params=params)


def test_the_secret_is_in_the_first_answer_only(client: stripe.StripeClient) -> None:
    endpoint = create(client)
    assert (endpoint.secret or "").startswith("whsec_")
    assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id)
    assert "secret" not in client.v1.webhook_endpoints.list().data[0]
    assert "secret" not in client.v1.webhook_endpoints.update(endpoint.id, params={"disabled": True})


def test_what_can_be_changed_is(client: stripe.StripeClient) -> None:
    endpoint = create(client, api_version="2026-10-28.endive", description="ours", metadata={"portal": "1"})
    params: Any = {"url": "https://other.example/", "enabled_events": ["*"], "disabled": True, "description": ""}
    changed = client.v1.webhook_endpoints.update(endpoint.id, params=params)
    assert (changed.url, changed.enabled_events, changed.status) == ("https://other.example/", ["*"], "disabled")
    assert (changed.description, changed.api_version) == (None, "2026-10-28.endive")
    assert changed.metadata.to_dict() == {"portal": "1"}


def test_the_api_version_cannot_be_changed(client: stripe.StripeClient) -> None:
    endpoint = create(client)
    params: Any = {"api_version": "2026-10-28.endive"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.webhook_endpoints.update(endpoint.id, params=params)
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "api_version")


def test_the_seventeenth_of_a_mode_is_refused(sandbox: Sandbox, account: SandboxAccount) -> None:
    client, live = sandbox.client(account.test_key), sandbox.client(account.live_key)
    ids = [create(client).id for _ in range(16)]
    create(live)
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16 test webhook endpoints"):
        create(client)
    assert client.v1.webhook_endpoints.delete(ids[0]).deleted is True
    create(client)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"url": "portal.example"}, "url"),
        ({"url": "ftp://portal.example"}, "url"),
        ({"enabled_events": ["product.exploded"]}, "enabled_events[0]"),
        ({"api_version": "2020-01-01"}, "api_version"),
    ],
)
def test_nonsense_is_refused(client: stripe.StripeClient, wrong: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(client, **wrong)  # type: ignore[arg-type]
    assert refused.value.param == param


def test_live_mode_wants_https_except_on_this_machine(sandbox: Sandbox, account: SandboxAccount) -> None:
    live = sandbox.client(account.live_key)
    with pytest.raises(stripe.InvalidRequestError, match="HTTPS in live mode"):
        create(live, "http://portal.example/hook")
    assert create(live, "http://127.0.0.1:5000/hook").livemode is True
    assert create(sandbox.client(account.test_key), "http://portal.example/hook").livemode is False


def test_a_deleted_endpoint_is_gone(client: stripe.StripeClient) -> None:
    endpoint = create(client)
    client.v1.webhook_endpoints.delete(endpoint.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.webhook_endpoints.retrieve(endpoint.id)
    assert refused.value.http_status == 404
    assert client.v1.webhook_endpoints.list().data == []
