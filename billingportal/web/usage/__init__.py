"""SaaS > Usage: what clients use, and who is near a limit."""
