"""Checkouts and selling settings."""
