"""Sign-up and Stripe checkout."""
