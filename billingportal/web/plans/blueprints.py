"""The blueprints of this subject."""

from billingportal.web.plans import actions, drift_repairs, link_removals, plans, resources

BLUEPRINTS = (
    actions.blueprint,
    drift_repairs.blueprint,
    link_removals.blueprint,
    plans.blueprint,
    resources.blueprint,
)
