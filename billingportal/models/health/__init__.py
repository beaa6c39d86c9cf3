"""Agreement with Stripe: checks, findings, audits, and the record of the worker's jobs."""
