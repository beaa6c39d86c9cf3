"""What Stripe counted of usage, and what is billed beside it."""
