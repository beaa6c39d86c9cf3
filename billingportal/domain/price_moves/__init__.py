"""Moves of clients from a retired price to the one that is sold now: who, when, for how much, and undoing it."""
