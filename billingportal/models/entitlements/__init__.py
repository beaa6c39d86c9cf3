"""Entitlements, and the plans and quotas granted by staff."""
