"""Sign-in: staff by password, clients by link."""
