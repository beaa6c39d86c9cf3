"""What Stripe counted of usage, what is billed beside it, and where Stripe reports what it rejected."""
