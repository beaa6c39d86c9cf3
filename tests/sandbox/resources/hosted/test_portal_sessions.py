"""The customer portal's sessions."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import first_item, monthly_price, paying_customer, running_subscription, subscribe
from tests.sandbox.resources.hosted.test_portal_configurations import FEATURES, configure
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

HOME = "https://portal.example/billing"


def enter(client: stripe.StripeClient, **given: Any) -> stripe.billing_portal.Session:
    """A session of the customer portal."""
    params: Any = {"return_url": HOME, **given}
    return client.v1.billing_portal.sessions.create(params=params)


def test_without_a_configuration_there_has_to_be_a_default(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    customer = paying_customer(client).id
    configure(client)
    with pytest.raises(stripe.InvalidRequestError, match="test mode default configuration has not been created"):
        enter(client, customer=customer)
    settings = sandbox.control("portal/default", account=account.id, mode="test")
    assert enter(client, customer=customer).configuration == settings["configuration"]


def test_a_session_has_an_address_and_tells_it(client: stripe.StripeClient) -> None:
    configuration, customer = configure(client), paying_customer(client)
    session = enter(client, customer=customer.id, configuration=configuration.id, locale="de")
    assert (session.customer, session.return_url, session.flow) == (customer.id, HOME, None)
    assert "/p/session/test_" in session.url
    event = client.v1.events.list(params={"type": "billing_portal.session.created"}).data[0]
    assert event.data.object["url"] == session.url


def test_a_configuration_out_of_use_lets_nobody_in(client: stripe.StripeClient) -> None:
    configuration = configure(client)
    client.v1.billing_portal.configurations.update(configuration.id, params={"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="is inactive"):
        enter(client, customer=paying_customer(client).id, configuration=configuration.id)


def test_a_flow_leads_to_one_thing_and_then_on(client: stripe.StripeClient) -> None:
    configuration, subscription = configure(client), running_subscription(client)
    flow: Any = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": HOME}},
    }
    session = enter(client, customer=subscription.customer, configuration=configuration.id, flow_data=flow)
    assert session.flow is not None
    assert session.flow.subscription_cancel is not None
    assert session.flow.subscription_cancel.subscription == subscription.id
    assert session.flow.after_completion.redirect is not None
    plain = enter(
        client,
        customer=subscription.customer,
        configuration=configuration.id,
        flow_data={"type": "payment_method_update"},
    )
    assert plain.flow is not None
    assert plain.flow.after_completion.type == "portal_homepage"


def refused_flow(client: stripe.StripeClient, customer: object, configuration: str, flow: Any) -> stripe.StripeError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        enter(client, customer=customer, configuration=configuration, flow_data=flow)
    return refused.value


def test_flows_for_what_cannot_be_done_are_refused(client: stripe.StripeClient) -> None:
    configuration, subscription = configure(client).id, running_subscription(client)
    stranger = paying_customer(client).id

    def refused(kind: str, customer: object = subscription.customer, **part: Any) -> str:
        flow = {"type": kind, **({kind: part} if part else {})}
        return str(refused_flow(client, customer, configuration, flow))

    assert "feature is disabled" in refused("customer_update")
    assert "feature is disabled" in refused("subscription_update", subscription=subscription.id)
    assert "Missing required param" in refused("subscription_cancel")
    assert "does not belong" in refused("subscription_cancel", stranger, subscription=subscription.id)
    client.v1.subscriptions.update(subscription.id, params={"cancel_at_period_end": True})
    assert "already set to be canceled" in refused("subscription_cancel", subscription=subscription.id)
    client.v1.subscriptions.cancel(subscription.id)
    assert "already been canceled" in refused("subscription_cancel", subscription=subscription.id)


def test_only_subscriptions_of_one_item_can_be_switched(client: stripe.StripeClient) -> None:
    price, other = monthly_price(client), monthly_price(client)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "products": [{"product": price.product, "prices": [price.id]}],
    }
    configuration = configure(client, features={**FEATURES, "subscription_update": update}).id
    customer = paying_customer(client).id
    subscription = subscribe(client, customer, other.id)
    item = first_item(subscription).id

    def confirm(to: str) -> Any:
        part = {"subscription": subscription.id, "items": [{"id": item, "price": to, "quantity": 1}]}
        return {"type": "subscription_update_confirm", "subscription_update_confirm": part}

    session = enter(client, customer=customer, configuration=configuration, flow_data=confirm(price.id))
    assert session.flow is not None
    assert session.flow.subscription_update_confirm is not None
    assert session.flow.subscription_update_confirm.items[0].price == price.id
    assert "must be included" in str(refused_flow(client, customer, configuration, confirm(other.id)))
    client.v1.subscription_items.create(params={"subscription": subscription.id, "price": monthly_price(client).id})
    assert "multiple subscription items" in str(refused_flow(client, customer, configuration, confirm(price.id)))
