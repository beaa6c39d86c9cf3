"""The blueprints of this subject."""

from billingportal.web.health import audits, findings, health, healthz, machine, metrics

BLUEPRINTS = (
    healthz.blueprint,
    health.blueprint,
    findings.blueprint,
    machine.blueprint,
    metrics.blueprint,
    audits.blueprint,
)
