"""The blueprints of this subject."""

from billingportal.web.client_portal import billing

BLUEPRINTS = (billing.blueprint,)
