"""Invoices, payments, charges, refunds, disputes."""
