"""The blueprints of this subject."""

from billingportal.web.client_portal import billing, resumptions, spending_caps, usage

BLUEPRINTS = (billing.blueprint, resumptions.blueprint, spending_caps.blueprint, usage.blueprint)
