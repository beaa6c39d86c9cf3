"""HTTP for calls to Stripe: connections, time limits, and validation of answers."""
