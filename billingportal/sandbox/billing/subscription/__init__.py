"""A subscription's life: creation, changes, trials, pauses, its end."""
