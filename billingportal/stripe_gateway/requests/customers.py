"""Customers at Stripe."""

from collections.abc import Mapping
from typing import cast

import stripe

from billingportal.stripe_gateway.objects.fields import text
from billingportal.stripe_gateway.requests.calls import ask


def create_customer(
    client: stripe.StripeClient, name: str, email: str | None, labels: Mapping[str, str], idempotency_key: str
) -> str:
    """Create a customer; its id. Raises a StripeProblem."""
    given = {"name": name, "email": email, "metadata": dict(labels)}
    params = cast("stripe.params.CustomerCreateParams", {key: value for key, value in given.items() if value})
    options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
    answer, _ = ask(lambda: client.v1.customers.create(params=params, options=options))
    return text(answer, "id")


def update_customer(client: stripe.StripeClient, customer_id: str, name: str, email: str) -> None:
    """Change a customer's name and email address. Raises a StripeProblem."""
    ask(lambda: client.v1.customers.update(customer_id, params={"name": name, "email": email}))
