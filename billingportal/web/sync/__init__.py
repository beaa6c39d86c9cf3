"""Staying in step with Stripe: the inbox of events, which state is newer, catch-up, full reads, retention."""
