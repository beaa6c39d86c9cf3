"""SaaS > Usage > Billing ledger."""
