"""The customer portal's configurations."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, monthly_price
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

FEATURES: Any = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "cancellation_reason": {"enabled": True, "options": ["too_expensive"]}},
}


def configure(client: stripe.StripeClient, **more: Any) -> stripe.billing_portal.Configuration:
    """A configuration with cards, invoices and ends, and what is given."""
    params: Any = {"features": FEATURES, **more}
    return client.v1.billing_portal.configurations.create(params=params)


def test_a_configuration_says_what_it_was_told_and_the_rest_is_off(client: stripe.StripeClient) -> None:
    made = configure(client, name="Ours", metadata={"kept_by": "portal"}, login_page={"enabled": True})
    features = made.features
    assert (made.active, made.is_default, made.name) == (True, False, "Ours")
    assert made.login_page.url is not None
    assert (features.subscription_update.enabled, features.customer_update.allowed_updates) == (False, [])
    assert features.subscription_cancel.mode == "at_period_end"
    assert features.subscription_cancel.cancellation_reason.options == ["too_expensive"]
    assert "products" not in features.subscription_update
    assert client.v1.billing_portal.configurations.retrieve(made.id).features.to_dict() == features.to_dict()


def test_a_change_says_what_was_before(client: stripe.StripeClient) -> None:
    made = configure(client)
    changed = client.v1.billing_portal.configurations.update(
        made.id, params={"features": {"subscription_cancel": {"mode": "immediately"}}, "metadata": {"version": "2"}}
    )
    assert changed.features.subscription_cancel.enabled is True
    event = client.v1.events.list(params={"type": "billing_portal.configuration.updated"}).data[0]
    previous = event.to_dict()["data"]["previous_attributes"]
    assert previous["features"] == {"subscription_cancel": {"mode": "at_period_end"}}
    assert event_types(client) == ["billing_portal.configuration.created", "billing_portal.configuration.updated"]


def test_lists_know_active_and_default_ones(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    ours, old = configure(client), configure(client)
    client.v1.billing_portal.configurations.update(old.id, params={"active": False})
    settings = sandbox.control("portal/default", account=account.id, mode="test")
    found = client.v1.billing_portal.configurations.list
    assert [one.id for one in found(params={"is_default": True}).data] == [settings["configuration"]]
    assert [one.id for one in found(params={"active": True, "is_default": False}).data] == [ours.id]
    with pytest.raises(stripe.InvalidRequestError, match="default configuration"):
        client.v1.billing_portal.configurations.update(settings["configuration"], params={"active": False})


def test_products_are_shown_when_asked_for(client: stripe.StripeClient) -> None:
    price = monthly_price(client)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": [{"product": price.product, "prices": [price.id]}],
    }
    made = configure(client, features={"subscription_update": update}, expand=["features.subscription_update.products"])
    assert made.features.subscription_update.products is not None
    product = made.features.subscription_update.products[0]
    assert (product.prices, product.adjustable_quantity.enabled) == ([price.id], False)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"subscription_cancel": {"enabled": True, "proration_behavior": "always_invoice"}}, "not supported"),
        ({"subscription_cancel": {"enabled": True, "proration_behavior": "create_prorations"}}, "mode=immediately"),
        ({"subscription_update": {"enabled": True}}, "default_allowed_updates"),
        ({"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}}, "products"),
        ({"invoice_history": {}}, "Missing required param"),
        ({"invoices": {"enabled": True}}, "unknown parameter"),
    ],
)
def test_what_does_not_go_together_is_refused(client: stripe.StripeClient, features: Any, message: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message):
        configure(client, features=features)
    assert client.v1.billing_portal.configurations.list().data == []


def test_prices_of_a_product_differ_by_interval(client: stripe.StripeClient) -> None:
    one = monthly_price(client)
    other = client.v1.prices.create(
        params={"currency": "usd", "unit_amount": 5, "product": str(one.product), "recurring": {"interval": "month"}}
    )
    products = [{"product": one.product, "prices": [one.id, other.id]}]
    update = {"enabled": True, "default_allowed_updates": ["price"], "products": products}
    with pytest.raises(stripe.InvalidRequestError, match="different billing intervals"):
        configure(client, features={"subscription_update": update})
