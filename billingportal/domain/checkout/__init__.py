"""Signing up, and paying at Stripe's checkout."""
