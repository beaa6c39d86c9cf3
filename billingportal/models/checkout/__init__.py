"""Purchases, and what checkouts ask for."""
