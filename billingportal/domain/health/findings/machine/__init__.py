"""Findings about this machine: the worker and its jobs, disk, database, backup, clock, certificate and API keys."""

from billingportal.domain.health.findings.machine import storage

CHECKS = storage.CHECKS
