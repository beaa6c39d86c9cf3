"""Clients whose use is billed by Stripe's meters."""
