"""What every operation of the API shares: its declaration, keys, problems, idempotency and the OpenAPI document."""
