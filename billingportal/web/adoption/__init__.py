"""Subscriptions made at Stripe without the portal: adopted, or ended and refunded."""
