"""Entitlements: the pure function that decides them, its inputs and the stored result."""
