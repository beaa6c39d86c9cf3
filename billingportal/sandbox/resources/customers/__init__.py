"""Customers, their payment methods and tax IDs."""
