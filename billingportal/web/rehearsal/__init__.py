"""Pages of rehearsals and their reports."""
