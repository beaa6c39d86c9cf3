"""Reported usage and its cost."""
