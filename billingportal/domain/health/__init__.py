"""Agreement with Stripe: checks and their findings, audits, and the examination of an installation."""
