"""The API: its settings, and the answers stored under idempotency keys."""
