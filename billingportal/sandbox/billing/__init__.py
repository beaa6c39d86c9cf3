"""Invoicing of subscriptions and payment of invoices."""
