"""The blueprints of this subject."""

from billingportal.web.api import keys, settings

BLUEPRINTS = (keys.blueprint, settings.blueprint)
