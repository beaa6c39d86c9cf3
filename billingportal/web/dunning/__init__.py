"""Dunning: the steps of a failing payment."""
