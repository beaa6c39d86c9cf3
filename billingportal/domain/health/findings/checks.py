"""Every check of every subject."""

from billingportal.domain.health.findings import connection, machine
from billingportal.domain.health.findings.check import Check

CHECKS: tuple[Check, ...] = (
    *connection.CHECKS,
    *machine.CHECKS,
)
