"""Audits against the sandbox."""
