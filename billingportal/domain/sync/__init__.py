"""Staying in step with Stripe: the inbox of events, newer wins, catch-up, full reads."""
