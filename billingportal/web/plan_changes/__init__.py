"""Changing, cancelling and resuming a subscription; trials."""
