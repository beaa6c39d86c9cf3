"""The blueprints of this subject."""

from billingportal.web.client_portal import billing, invoices, resumptions, spending_caps, usage

BLUEPRINTS = (
    billing.blueprint,
    invoices.blueprint,
    resumptions.blueprint,
    spending_caps.blueprint,
    usage.blueprint,
)
