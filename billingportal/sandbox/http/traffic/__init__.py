"""What happens between a request and its operation: limits, idempotency keys, the form of answers."""
