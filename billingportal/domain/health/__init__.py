"""Checks of an installation: settings, files, database and Stripe accounts."""
