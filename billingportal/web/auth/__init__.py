"""Who may come in: staff by password, clients by link."""
