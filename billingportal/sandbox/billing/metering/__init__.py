"""Usage that was reported, and what it costs."""
