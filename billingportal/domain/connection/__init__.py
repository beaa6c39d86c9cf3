"""Connected Stripe accounts: secret key, preflight, webhook registration and its repair."""
