"""The blueprints of this subject."""

from billingportal.web.connection import processor, processor_actions

BLUEPRINTS = (
    processor.blueprint,
    processor_actions.blueprint,
)
