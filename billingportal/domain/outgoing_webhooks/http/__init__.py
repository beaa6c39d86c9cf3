"""Requests to the addresses of the host platform: which are allowed, and one attempt at a time."""
