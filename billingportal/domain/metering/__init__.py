"""Metered billing: what was used is told to Stripe, each unit once, and a ledger proves it."""
