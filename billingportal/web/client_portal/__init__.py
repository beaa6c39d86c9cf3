"""The client's own billing page."""
