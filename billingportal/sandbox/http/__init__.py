"""HTTP as Stripe speaks it: requests, parameters, lists, errors, idempotency."""
