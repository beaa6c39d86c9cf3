"""The blueprints of this subject."""

from billingportal.web.adoption import adoption, duplicates

BLUEPRINTS = (
    adoption.blueprint,
    duplicates.blueprint,
)
