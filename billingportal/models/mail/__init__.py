"""Outgoing emails and the mail server's settings."""
