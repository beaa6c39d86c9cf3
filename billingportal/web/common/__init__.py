"""Shared by all pages: htmx, forms, assets, navigation, security headers, access to Stripe."""
