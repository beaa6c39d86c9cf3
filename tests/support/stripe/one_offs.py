"""Invoices beside a subscription: what a partner bills in Stripe's dashboard."""

from typing import Any

import stripe


def one_off(
    client: stripe.StripeClient, customer: str, amount: int = 50_000, *, days: int | None = 20, **given: Any
) -> str:
    """An open invoice for a workshop; its id. Due in some days, or charged to the card without a due date."""
    terms: dict[str, Any] = {"customer": customer, "currency": "usd", "auto_advance": False, **given}
    if days is not None:
        terms |= {"collection_method": "send_invoice", "days_until_due": days}
    params: Any = terms
    draft = str(client.v1.invoices.create(params=params).id)
    line: Any = {"customer": customer, "invoice": draft, "amount": amount, "currency": "usd"}
    client.v1.invoice_items.create(params=line | {"description": "Onboarding workshop"})
    client.v1.invoices.finalize_invoice(draft)
    return draft
