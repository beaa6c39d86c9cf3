"""What clients may use."""
