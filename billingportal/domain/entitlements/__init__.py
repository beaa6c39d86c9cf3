"""What a client may use, and why."""
