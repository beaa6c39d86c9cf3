"""A price at Stripe: what it charges, how it is found, created and put in words."""
