"""Checkout: sessions in which a customer subscribes, and their pages."""
