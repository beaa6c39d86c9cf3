"""Prices at Stripe: what they charge, what they are called, how they are found and made."""
