"""Checks of redirect URLs that come with a request, and URLs of the Stripe dashboard."""

from urllib.parse import urlsplit

from billingportal.models.connection.processor_account import Mode


def own_path(value: str | None) -> str | None:
    """The value if it is a path of this site, else None: the portal must not be an open redirect."""
    if not value or not value.startswith("/") or value.startswith("//"):
        return None
    if "\\" in value or not value.isprintable():
        return None
    parts = urlsplit(value)
    return None if parts.scheme or parts.netloc else value


def in_dashboard(mode: Mode, path: str) -> str:
    """The URL of a page of the Stripe dashboard in a mode."""
    return f"https://dashboard.stripe.com/{'test/' if mode == 'test' else ''}{path}"
