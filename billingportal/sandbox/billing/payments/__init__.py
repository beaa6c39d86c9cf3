"""Payments of invoices: collection, charges, retries."""
