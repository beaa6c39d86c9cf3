"""What the browser is told to refuse, and the CSRF check of every form."""

from collections.abc import Iterable

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]

csrf = CSRFProtect()

# Styles and scripts only from our own files. The data: images are inside Tabler's style sheet. The two hosts
# are where plain forms are redirected to when somebody pays or changes a card.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self' https://checkout.stripe.com https://billing.stripe.com",
        "frame-ancestors 'none'",
    ]
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# Style sheets and scripts obey the policy of the page that loads them, and machines read no pages: a copy of it
# with each answer would be weight only.
STATIC_BLUEPRINTS = {"assets", "brand", "webhooks"}
ONE_YEAR = 365 * 24 * 3600


def allow_frames(origins: Iterable[str]) -> None:
    """Let pages of these sites show the answer to this request in a frame. No other page of ours may be framed."""
    g.framing_origins = tuple(origins)


def page_headers() -> dict[str, str]:
    """The headers of a page. X-Frame-Options has no word for a list of sites, so it makes room for the policy."""
    origins: tuple[str, ...] = g.get("framing_origins", ())
    if not origins:
        return PAGE_HEADERS
    framed = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(origins)}")
    others = {name: value for name, value in PAGE_HEADERS.items() if name != "X-Frame-Options"}
    return {**others, "Content-Security-Policy": framed}


def harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.blueprint not in STATIC_BLUEPRINTS:
        for name, value in page_headers().items():
            response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={ONE_YEAR}")
    return response


def init_app(app: Flask) -> None:
    csrf.init_app(app)
    app.after_request(harden)
