"""Synchronisation with Stripe: the inbox of events, ordering of snapshots, catch-up, full reads, retention."""
