"""The blueprints of this subject."""

from billingportal.web.checkout import checkouts, settings, sign_up

BLUEPRINTS = (
    checkouts.blueprint,
    settings.blueprint,
    sign_up.blueprint,
)
