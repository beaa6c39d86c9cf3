"""What was used, by the stretches of time in which Stripe adds it up."""
