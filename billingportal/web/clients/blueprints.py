"""The blueprints of this subject."""

from billingportal.web.clients import actions, clients, invoices, manual_grants, notes, payments, workspaces

BLUEPRINTS = (
    actions.blueprint,
    clients.blueprint,
    invoices.blueprint,
    manual_grants.blueprint,
    notes.blueprint,
    payments.blueprint,
    workspaces.blueprint,
)
