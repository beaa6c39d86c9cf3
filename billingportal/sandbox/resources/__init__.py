"""The API's nouns. Each module says what its operations take and does them."""

from billingportal.sandbox.resources import (
    accounts,
    customers,
    event_summaries,
    events,
    invoice_items,
    invoice_payments,
    invoice_previews,
    invoices,
    meter_events,
    meters,
    payment_methods,
    prices,
    products,
    subscription_items,
    subscriptions,
    webhook_endpoints,
)
from billingportal.sandbox.router import Operation


def operations() -> list[Operation]:
    """Every operation of the sandbox."""
    return [
        *accounts.OPERATIONS,
        *customers.OPERATIONS,
        *event_summaries.OPERATIONS,
        *events.OPERATIONS,
        *invoice_items.OPERATIONS,
        *invoice_payments.OPERATIONS,
        *invoice_previews.OPERATIONS,
        *invoices.OPERATIONS,
        *meter_events.OPERATIONS,
        *meters.OPERATIONS,
        *payment_methods.OPERATIONS,
        *prices.OPERATIONS,
        *products.OPERATIONS,
        *subscription_items.OPERATIONS,
        *subscriptions.OPERATIONS,
        *webhook_endpoints.OPERATIONS,
    ]
