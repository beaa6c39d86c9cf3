"""Reporting usage, and what it adds up to."""
