"""What a client's subscription is now, read from our rows. Nothing here changes anything at Stripe."""
