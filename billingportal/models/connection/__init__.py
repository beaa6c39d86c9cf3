"""Connected Stripe accounts."""
