"""Findings about the secret key, the webhook and the event destination, from the last check of each account."""

from billingportal.domain.health.findings.connection import keys, registrations

CHECKS = (*keys.CHECKS, *registrations.CHECKS)
