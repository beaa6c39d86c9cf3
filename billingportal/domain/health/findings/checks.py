"""Every check of every subject."""

from billingportal.domain.health.findings import connection, events, machine, outgoing
from billingportal.domain.health.findings.check import Check

CHECKS: tuple[Check, ...] = (
    *connection.CHECKS,
    *events.CHECKS,
    *outgoing.CHECKS,
    *machine.CHECKS,
)
