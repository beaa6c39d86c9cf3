"""The blueprints of this subject."""

from billingportal.web.outgoing_webhooks import actions, endpoints, messages

BLUEPRINTS = (endpoints.blueprint, actions.blueprint, messages.blueprint)
