"""The API for the host platform: JSON in, JSON out. No session, no cookie, no page."""
