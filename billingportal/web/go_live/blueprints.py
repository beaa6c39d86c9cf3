"""The blueprints of this subject."""

from billingportal.web.go_live import go_live, promotions, switches, waivers

BLUEPRINTS = (
    go_live.blueprint,
    promotions.blueprint,
    switches.blueprint,
    waivers.blueprint,
)
