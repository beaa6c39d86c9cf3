"""Units that the host platform reserves before it uses them, so that nobody takes more than there is."""
