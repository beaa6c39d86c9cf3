"""Every job of every subject."""

from billingportal.jobs import (
    audits,
    auth,
    clients,
    connection,
    entitlements,
    go_live,
    health,
    mail,
    metering,
    outgoing_webhooks,
    rehearsal,
    reservations,
    sync,
    usage,
)
from billingportal.jobs.subscriptions import checkout, invoices, plan_changes, price_moves

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
    *go_live.JOBS,
    *mail.JOBS,
    *outgoing_webhooks.JOBS,
    *auth.JOBS,
    *usage.JOBS,
    *metering.JOBS,
    *rehearsal.JOBS,
    *health.JOBS,
    *audits.JOBS,
)
