"""The blueprints of this subject."""

from billingportal.web.branding import settings, uploads

BLUEPRINTS = (
    settings.blueprint,
    uploads.blueprint,
)
