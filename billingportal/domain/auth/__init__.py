"""Authentication: staff by password, clients by link."""
