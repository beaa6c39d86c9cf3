"""Offers for sale now: pricing page, calculator, Stripe's own quote."""
