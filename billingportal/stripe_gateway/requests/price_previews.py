"""Previews of a new subscription's first invoice. Nothing is created at Stripe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import stripe

from billingportal.stripe_gateway.objects.fields import number
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class PreviewItem:
    """One price of the previewed subscription. `quantity` is None for a metered price."""

    stripe_price_id: str
    quantity: int | None


def preview_total(client: stripe.StripeClient, customer_id: str, currency: str, items: Sequence[PreviewItem]) -> int:
    """The subtotal of the first invoice, before tax, in minor units. Raises a StripeProblem."""
    params = cast(
        "stripe.params.InvoiceCreatePreviewParams",
        {
            "customer": customer_id,
            "currency": currency,
            "subscription_details": {"items": [item_params(item) for item in items]},
        },
    )
    answer, _ = ask(lambda: client.v1.invoices.create_preview(params=params))
    return number(answer, "subtotal")


def item_params(item: PreviewItem) -> dict[str, object]:
    if item.quantity is None:
        return {"price": item.stripe_price_id}
    return {"price": item.stripe_price_id, "quantity": item.quantity}
