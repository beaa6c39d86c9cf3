"""The blueprints of this subject."""

from billingportal.web.sync import events, webhooks

BLUEPRINTS = (
    events.blueprint,
    webhooks.blueprint,
)
