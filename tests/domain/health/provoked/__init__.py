"""How each finding is provoked and ended: one row a key, in one file a subject."""
