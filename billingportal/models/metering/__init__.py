"""Tables of metered billing."""
