"""The list of events."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import running_subscription
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def test_types_and_wildcards(client: stripe.StripeClient) -> None:
    running_subscription(client)

    def types(**params: Any) -> set[str]:
        given: Any = {"limit": 100, **params}
        return {event.type for event in client.v1.events.list(params=given).data}

    assert types(type="invoice.paid") == {"invoice.paid"}
    assert types(types=["price.created", "product.created"]) == {"price.created", "product.created"}
    invoices = types(type="invoice.*")
    assert "invoice.finalized" in invoices
    assert all(name.startswith("invoice.") for name in invoices)


def test_more_than_twenty_types_are_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.events.list(params={"types": ["price.created"] * 21})
    assert refused.value.param == "types"


def test_events_older_than_thirty_days_are_gone(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    client.v1.products.create(params={"name": "x"})
    (event,) = client.v1.events.list().data
    sandbox.control("events/age", account=account.id, mode="test", seconds=31 * 24 * 3600)
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.retrieve(event.id)


def test_an_event_keeps_the_object_as_it_was(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "Before"})
    client.v1.products.update(product.id, params={"name": "After"})
    updated, created = client.v1.events.list().data
    assert created.data.object["name"] == "Before"
    assert updated.data.object["name"] == "After"
    assert created.api_version == "2026-10-28.endive"
