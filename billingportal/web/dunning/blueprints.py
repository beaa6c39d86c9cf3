"""The blueprints of this subject."""

from billingportal.web.dunning import settings

BLUEPRINTS = (settings.blueprint,)
