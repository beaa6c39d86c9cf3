"""Changing, cancelling and keeping a running subscription; trials."""
