"""The blueprints of this subject."""

from billingportal.web.health import audits, findings, health, healthz, machine

BLUEPRINTS = (healthz.blueprint, health.blueprint, findings.blueprint, machine.blueprint, audits.blueprint)
