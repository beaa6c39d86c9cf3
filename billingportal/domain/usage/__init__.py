"""Clients' usage of resources."""
