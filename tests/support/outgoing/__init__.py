"""The receiver of outgoing webhooks."""
