"""The blueprints of this subject."""

from billingportal.web.plans import actions, drift_repairs, plans, resources

BLUEPRINTS = (
    actions.blueprint,
    drift_repairs.blueprint,
    plans.blueprint,
    resources.blueprint,
)
