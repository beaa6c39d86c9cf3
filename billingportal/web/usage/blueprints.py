"""The blueprints of this subject."""

from billingportal.web.usage import client_usage, usage

BLUEPRINTS = (usage.blueprint, client_usage.blueprint)
