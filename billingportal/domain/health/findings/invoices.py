"""Findings about invoices: what is charged against what was computed, and what is not charged."""

from billingportal.domain.health.findings import invoice_amounts, invoice_drafts

CHECKS = (*invoice_amounts.CHECKS, *invoice_drafts.CHECKS)
