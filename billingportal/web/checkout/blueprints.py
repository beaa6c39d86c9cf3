"""The blueprints of this subject."""

from billingportal.web.checkout import checkouts, confirmed_sign_up, settings, sign_up

BLUEPRINTS = (
    checkouts.blueprint,
    confirmed_sign_up.blueprint,
    settings.blueprint,
    sign_up.blueprint,
)
