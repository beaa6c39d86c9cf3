"""Dunning: the steps taken while a payment fails."""
