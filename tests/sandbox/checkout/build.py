"""Checkout sessions for tests."""

from typing import Any

import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount

SUCCESS = "https://portal.example/done?session={CHECKOUT_SESSION_ID}"


def customer(client: stripe.StripeClient, **more: Any) -> stripe.Customer:
    """A customer without a card."""
    params: Any = {"email": "owner@harbour.example", "name": "Harbour Dental", **more}
    return client.v1.customers.create(params=params)


def open_session(client: stripe.StripeClient, price: str, **more: Any) -> stripe.checkout.Session:
    """A session for one of a price; with `customer` None, for somebody new."""
    params: Any = {
        "mode": "subscription",
        "success_url": SUCCESS,
        "cancel_url": "https://portal.example/pricing",
        "line_items": [{"price": price, "quantity": 1}],
        **more,
    }
    given: Any = {name: value for name, value in params.items() if value}
    return client.v1.checkout.sessions.create(params=given)


def complete(
    sandbox: Sandbox,
    account: SandboxAccount,
    session: stripe.checkout.Session,
    card: str = "4242424242424242",
    **more: Any,
) -> dict[str, Any]:
    """What the page would say."""
    told = sandbox.control("checkout/complete", account=account.id, mode="test", session=session.id, card=card, **more)
    assert isinstance(told, dict)
    return told
