"""The blueprints of this subject."""

from billingportal.web.mail import settings

BLUEPRINTS = (settings.blueprint,)
