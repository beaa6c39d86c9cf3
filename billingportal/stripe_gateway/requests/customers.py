"""Customers at Stripe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.fields import first_rows, part, text
from billingportal.stripe_gateway.requests.calls import ask, ask_all


@dataclass(frozen=True)
class Subscriber:
    """A customer with its subscriptions that have not ended: their ids and statuses."""

    stripe_customer_id: str
    subscriptions: tuple[tuple[str, str], ...]


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


def subscribers(client: stripe.StripeClient, email: str) -> list[Subscriber]:
    """The customers with exactly this email address, case included. Raises a StripeProblem."""
    rows = ask_all(client.v1.customers.list, {"email": email, "expand": ["data.subscriptions"]})
    return [subscriber(row) for row in rows]


def subscriber(source: JsonObject) -> Subscriber:
    rows = first_rows(part(source, "subscriptions"))
    return Subscriber(text(source, "id"), tuple((text(row, "id"), text(row, "status")) for row in rows))
