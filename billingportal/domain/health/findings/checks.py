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
    rehearsals,
    usage,
)
from billingportal.domain.health.findings.check import Check

CHECKS: tuple[Check, ...] = (
    *connection.CHECKS,
    *events.CHECKS,
    *outgoing.CHECKS,
    *plans.CHECKS,
    *rehearsals.CHECKS,
    *clients.CHECKS,
    *entitlements.CHECKS,
    *invoices.CHECKS,
    *usage.CHECKS,
    *machine.CHECKS,
)
