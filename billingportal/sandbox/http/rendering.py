"""Stripe's hosted pages: templates, and answers for a browser."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from billingportal.sandbox.http.wire import Answer
from billingportal.sandbox.reference.currencies import spelled

PAGES = Path(__file__).parents[1] / "pages"
HTML = "text/html; charset=utf-8"
# No `form-action`: browsers would hold it against the way back to the partner's own site.
POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"


def environment() -> Environment:
    """The templates, with amounts and days spelled as Stripe's pages spell them."""
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    pages.filters["money"] = money
    pages.filters["day"] = day
    return pages


def money(minor: int, currency: str) -> str:
    """`$10.00`."""
    return spelled(Decimal(minor), currency)


def day(seconds: int) -> str:
    """`22 Nov 2026`, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y}"


def page(html: str, status: int = 200) -> Answer:
    """A page that browsers must not cache."""
    return Answer(status, html, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}, HTML)


def style(name: str) -> Answer:
    """A style sheet of the pages."""
    return Answer(200, (PAGES / name).read_text(encoding="utf-8"), {}, "text/css; charset=utf-8")


def elsewhere(address: str) -> Answer:
    """A redirect to another page, after a form."""
    return Answer(303, "", {"Location": address, "Cache-Control": "no-store"}, "text/plain")
