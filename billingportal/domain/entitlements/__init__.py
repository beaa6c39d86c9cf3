"""What a client may use and why: one pure function, and what feeds it."""
