"""The ledger of metered billing: what was counted, what was sent, and what Stripe has, by day."""
