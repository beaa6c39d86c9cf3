"""Invoices, payment methods, disputes and refunds."""
