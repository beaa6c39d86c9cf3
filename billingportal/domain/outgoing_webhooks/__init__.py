"""Outgoing webhooks: signed messages that tell the host platform what happened, and their delivery."""
