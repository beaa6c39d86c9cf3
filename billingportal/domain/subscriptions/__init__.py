"""What a client's subscription is now, read from our rows. Changes nothing at Stripe."""
