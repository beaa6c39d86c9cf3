"""Invoice items: amounts beside the prices of a subscription, which its next invoice bills."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import stripe

from billingportal.money import Money
from billingportal.stripe_gateway.objects.fields import part, text
from billingportal.stripe_gateway.requests.calls import ask, ask_all


@dataclass(frozen=True)
class NewInvoiceItem:
    """`amount` may be negative: a credit. The times are those of what is billed; the invoice shows them."""

    stripe_customer_id: str
    stripe_subscription_id: str
    amount: Money
    description: str
    starts_at: datetime
    ends_at: datetime
    labels: Mapping[str, str]


class InvoiceItems:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create(self, new: NewInvoiceItem, idempotency_key: str) -> str:
        """Add an item to the subscription's next invoice; its id."""
        params = cast(
            "stripe.params.InvoiceItemCreateParams",
            {
                "customer": new.stripe_customer_id,
                "subscription": new.stripe_subscription_id,
                "amount": new.amount.minor,
                "currency": new.amount.currency,
                "description": new.description,
                "period": {"start": int(new.starts_at.timestamp()), "end": int(new.ends_at.timestamp())},
                "metadata": dict(new.labels),
            },
        )
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        answer, _ = ask(lambda: self._client.v1.invoice_items.create(params=params, options=options))
        return text(answer, "id")

    def find(self, customer_id: str, label: str, value: str) -> str | None:
        """The id of the customer's item whose metadata has this value: labels last longer than idempotency keys."""
        rows = ask_all(self._client.v1.invoice_items.list, {"customer": customer_id})
        return next((text(row, "id") for row in rows if part(row, "metadata").get(label) == value), None)
