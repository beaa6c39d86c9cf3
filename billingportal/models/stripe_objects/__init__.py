"""Copies of objects at Stripe, one table a file."""
