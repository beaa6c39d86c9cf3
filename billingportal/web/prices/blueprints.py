"""The blueprints of this subject."""

from billingportal.web.prices import creations, prices

BLUEPRINTS = (
    creations.blueprint,
    prices.blueprint,
)
