"""The limits on use that the partner and its clients set themselves, and what follows when limits change."""
