"""Pages of lists, and lists as CSV."""
