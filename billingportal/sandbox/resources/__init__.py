"""The API's nouns. Each module says what its operations take and does them."""

from billingportal.sandbox.resources import (
    accounts,
    charges,
    checkout_sessions,
    customers,
    event_summaries,
    events,
    invoice_items,
    invoice_payments,
    invoice_previews,
    invoices,
    meter_events,
    meters,
    payment_intents,
    payment_methods,
    portal_configurations,
    portal_sessions,
    prices,
    products,
    subscription_items,
    subscription_schedules,
    subscriptions,
    tax_ids,
    test_clocks,
    webhook_endpoints,
)
from billingportal.sandbox.router import Operation


def operations() -> list[Operation]:
    """Every operation of the sandbox."""
    return [
        *accounts.OPERATIONS,
        *charges.OPERATIONS,
        *checkout_sessions.OPERATIONS,
        *customers.OPERATIONS,
        *event_summaries.OPERATIONS,
        *events.OPERATIONS,
        *invoice_items.OPERATIONS,
        *invoice_payments.OPERATIONS,
        *invoice_previews.OPERATIONS,
        *invoices.OPERATIONS,
        *meter_events.OPERATIONS,
        *meters.OPERATIONS,
        *payment_intents.OPERATIONS,
        *payment_methods.OPERATIONS,
        *portal_configurations.OPERATIONS,
        *portal_sessions.OPERATIONS,
        *prices.OPERATIONS,
        *products.OPERATIONS,
        *subscription_items.OPERATIONS,
        *subscription_schedules.OPERATIONS,
        *subscriptions.OPERATIONS,
        *tax_ids.OPERATIONS,
        *test_clocks.OPERATIONS,
        *webhook_endpoints.OPERATIONS,
    ]
