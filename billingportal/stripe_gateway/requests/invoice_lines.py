"""Reads all lines of an invoice: events and single invoices have the first page of them only."""

from functools import partial

import stripe

from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy, invoice_line
from billingportal.stripe_gateway.requests.calls import ask_all


def lines_of(client: stripe.StripeClient, invoice_id: str) -> list[InvoiceLineCopy]:
    """The lines in Stripe's order, from all pages. Raises a StripeProblem; NotThere for a deleted draft."""
    rows = ask_all(partial(client.v1.invoices.line_items.list, invoice_id), {})
    return [invoice_line(row) for row in rows]
