"""The API's resources. Each module has its operations, their parameters and handlers."""

from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.resources.catalog import (
    coupons,
    meter_event_adjustments,
    meter_events,
    meters,
    prices,
    products,
    promotion_codes,
    tax_rates,
)
from billingportal.sandbox.resources.core import (
    accounts,
    event_destinations,
    event_summaries,
    events,
    tax_settings,
    test_clocks,
    thin_events,
    webhook_endpoints,
)
from billingportal.sandbox.resources.customers import customers as customer_customers
from billingportal.sandbox.resources.customers import payment_methods, tax_ids
from billingportal.sandbox.resources.hosted import checkout_sessions, portal_configurations, portal_sessions
from billingportal.sandbox.resources.invoices import charges, disputes, invoices, one_offs, payment_intents, refunds
from billingportal.sandbox.resources.invoices import items as invoice_items
from billingportal.sandbox.resources.invoices import payments as invoice_payments
from billingportal.sandbox.resources.invoices import previews as invoice_previews
from billingportal.sandbox.resources.subscriptions import items as subscription_items
from billingportal.sandbox.resources.subscriptions import schedules as subscription_schedules
from billingportal.sandbox.resources.subscriptions import subscriptions


def operations() -> list[Operation]:
    """Every operation of the sandbox."""
    return [
        *accounts.OPERATIONS,
        *charges.OPERATIONS,
        *checkout_sessions.OPERATIONS,
        *coupons.OPERATIONS,
        *customer_customers.OPERATIONS,
        *disputes.OPERATIONS,
        *event_destinations.OPERATIONS,
        *event_summaries.OPERATIONS,
        *events.OPERATIONS,
        *invoice_items.OPERATIONS,
        *invoice_payments.OPERATIONS,
        *invoice_previews.OPERATIONS,
        *invoices.OPERATIONS,
        *meter_event_adjustments.OPERATIONS,
        *meter_events.OPERATIONS,
        *meters.OPERATIONS,
        *one_offs.OPERATIONS,
        *payment_intents.OPERATIONS,
        *payment_methods.OPERATIONS,
        *portal_configurations.OPERATIONS,
        *portal_sessions.OPERATIONS,
        *prices.OPERATIONS,
        *products.OPERATIONS,
        *promotion_codes.OPERATIONS,
        *refunds.OPERATIONS,
        *subscription_items.OPERATIONS,
        *subscription_schedules.OPERATIONS,
        *subscriptions.OPERATIONS,
        *tax_ids.OPERATIONS,
        *tax_rates.OPERATIONS,
        *tax_settings.OPERATIONS,
        *test_clocks.OPERATIONS,
        *thin_events.OPERATIONS,
        *webhook_endpoints.OPERATIONS,
    ]
