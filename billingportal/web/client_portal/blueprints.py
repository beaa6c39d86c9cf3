"""The blueprints of this subject."""

from billingportal.web.client_portal import billing, resumptions

BLUEPRINTS = (billing.blueprint, resumptions.blueprint)
