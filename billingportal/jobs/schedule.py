"""Every job of every subject."""

from billingportal.jobs import (
    api,
    auth,
    checkout,
    clients,
    connection,
    entitlements,
    invoices,
    limit_notices,
    mail,
    plan_changes,
    price_moves,
    sync,
    usage,
    usage_history,
)

# In the order in which one pass synchronizes a new account.
JOBS = (
    *connection.JOBS,
    *sync.JOBS,
    *entitlements.JOBS,
    *clients.JOBS,
    *checkout.JOBS,
    *invoices.JOBS,
    *plan_changes.JOBS,
    *price_moves.JOBS,
    *limit_notices.JOBS,
    *usage_history.JOBS,
    *mail.JOBS,
    *auth.JOBS,
    *api.JOBS,
    *usage.JOBS,
)
