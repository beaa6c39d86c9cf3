"""Every check of every subject."""

from billingportal.domain.health.findings import clients, connection, entitlements, invoices, machine, plans, usage
from billingportal.domain.health.findings.check import Check

CHECKS: tuple[Check, ...] = (
    *connection.CHECKS,
    *plans.CHECKS,
    *clients.CHECKS,
    *entitlements.CHECKS,
    *invoices.CHECKS,
    *usage.CHECKS,
    *machine.CHECKS,
)
