"""Every check of every subject."""

from billingportal.domain.health.findings import (
    clients,
    connection,
    entitlements,
    events,
    invoices,
    machine,
    outgoing,
    plans,
    usage,
)
from billingportal.domain.health.findings.check import Check

CHECKS: tuple[Check, ...] = (
    *connection.CHECKS,
    *events.CHECKS,
    *outgoing.CHECKS,
    *plans.CHECKS,
    *clients.CHECKS,
    *entitlements.CHECKS,
    *invoices.CHECKS,
    *usage.CHECKS,
    *machine.CHECKS,
)
