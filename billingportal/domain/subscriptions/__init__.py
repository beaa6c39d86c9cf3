"""The current state of clients' subscriptions, read from stored rows. Changes nothing at Stripe."""
