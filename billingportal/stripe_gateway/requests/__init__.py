"""Requests to Stripe, one file for each object type."""
