"""The API for the host platform: its settings, and the answers stored under idempotency keys."""
