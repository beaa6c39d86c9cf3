"""Invoices, payments, disputes and refunds, as staff and clients see them."""
