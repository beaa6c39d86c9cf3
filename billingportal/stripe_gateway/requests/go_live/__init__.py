"""Requests of going live: copies of test objects in live mode, and what the account still lacks."""
