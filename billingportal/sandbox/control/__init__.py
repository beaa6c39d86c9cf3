"""The control API, its faults, and the home page."""
