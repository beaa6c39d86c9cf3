"""The blueprints of this subject."""

from billingportal.web.offers import pricing_page, quotes

BLUEPRINTS = (
    pricing_page.blueprint,
    quotes.blueprint,
)
