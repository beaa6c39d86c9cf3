"""Every job of every subject."""

from billingportal.jobs import (
    auth,
    checkout,
    clients,
    connection,
    entitlements,
    health,
    invoices,
    mail,
    metering,
    outgoing_webhooks,
    plan_changes,
    price_moves,
    rehearsal,
    reservations,
    sync,
    usage,
)

# In the order in which one pass synchronizes a new account.
JOBS = (
    *connection.JOBS,
    *sync.JOBS,
    *entitlements.JOBS,
    *reservations.JOBS,
    *clients.JOBS,
    *checkout.JOBS,
    *invoices.JOBS,
    *plan_changes.JOBS,
    *price_moves.JOBS,
    *mail.JOBS,
    *outgoing_webhooks.JOBS,
    *auth.JOBS,
    *usage.JOBS,
    *metering.JOBS,
    *rehearsal.JOBS,
    *health.JOBS,
)
