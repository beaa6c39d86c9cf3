"""Stripe's hosted pages: Checkout and the customer portal."""
