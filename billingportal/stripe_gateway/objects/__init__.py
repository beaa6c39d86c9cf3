"""Stripe's objects as the portal keeps them, and how its JSON becomes them."""
