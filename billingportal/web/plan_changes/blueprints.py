"""The blueprints of this subject."""

from billingportal.web.plan_changes import (
    client_cancellations,
    client_pages,
    client_trial_ends,
    staff_cancellations,
    staff_pages,
    staff_trial_ends,
)

BLUEPRINTS = (
    client_cancellations.blueprint,
    client_pages.blueprint,
    client_trial_ends.blueprint,
    staff_cancellations.blueprint,
    staff_pages.blueprint,
    staff_trial_ends.blueprint,
)
