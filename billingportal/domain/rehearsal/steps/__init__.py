"""The steps of a client's life: each does one thing at Stripe, by the portal's own functions, and compares."""
