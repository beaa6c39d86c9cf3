"""The blueprints of this subject."""

from billingportal.web.clients import actions, clients, manual_grants, notes, workspaces

BLUEPRINTS = (
    actions.blueprint,
    clients.blueprint,
    manual_grants.blueprint,
    notes.blueprint,
    workspaces.blueprint,
)
