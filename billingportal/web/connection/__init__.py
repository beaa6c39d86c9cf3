"""The connected Stripe accounts: their keys, their webhook, and what is repaired without asking."""
