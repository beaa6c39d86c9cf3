"""Rehearsals for tests, written by hand."""
