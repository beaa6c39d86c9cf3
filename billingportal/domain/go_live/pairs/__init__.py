"""Pairs of test and live prices: the twin of each, and every field in which they differ."""
