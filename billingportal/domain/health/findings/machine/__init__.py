"""Findings about this machine: the worker and its jobs, disk, database, backup, clock, certificate and API keys."""

from billingportal.domain.health.findings.machine import backups, clock, expiry, jobs, storage

CHECKS = (*jobs.CHECKS, *storage.CHECKS, *backups.CHECKS, *clock.CHECKS, *expiry.CHECKS)
