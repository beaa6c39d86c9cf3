"""What is asked of Stripe, one file for each of its objects."""
