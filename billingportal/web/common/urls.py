"""Addresses that came with a request and lead back into the portal, and those that lead to Stripe's own pages."""

from urllib.parse import urlsplit

from billingportal.models.connection.processor_account import Mode


def own_path(value: str | None) -> str | None:
    """The value when it is a path of this site, else None: nobody may use us to send people elsewhere."""
    if not value or not value.startswith("/") or value.startswith("//"):
        return None
    if "\\" in value or not value.isprintable():
        return None
    parts = urlsplit(value)
    return None if parts.scheme or parts.netloc else value


def in_dashboard(mode: Mode, path: str) -> str:
    """Where Stripe's own pages show something of a mode."""
    return f"https://dashboard.stripe.com/{'test/' if mode == 'test' else ''}{path}"
