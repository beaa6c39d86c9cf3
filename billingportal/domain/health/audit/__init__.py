"""Audits: every stored row compared with Stripe's lists, field by field, repaired where that is safe, else reported."""
