"""What API v2 does differently."""
