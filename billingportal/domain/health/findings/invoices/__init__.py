"""Findings about invoices: what is charged against what was computed, and what is not charged."""

from billingportal.domain.health.findings.invoices import amounts, drafts

CHECKS = (*amounts.CHECKS, *drafts.CHECKS)
