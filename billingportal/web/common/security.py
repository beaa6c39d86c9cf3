"""Security headers, and the CSRF check of every form."""

from collections.abc import Iterable

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]

from billingportal.portal import current_portal

csrf = CSRFProtect()

# Plain forms are redirected there when a client pays or changes a card.
STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")
# Styles and scripts only from our own files. The data: images are inside Tabler's style sheet.
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
        f"form-action 'self' {' '.join(STRIPE_PAGES)}",
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
# with each response would be weight only.
STATIC_BLUEPRINTS = {"assets", "brand", "webhooks"}
ONE_YEAR = 365 * 24 * 3600


def allow_frames(origins: Iterable[str]) -> None:
    """Allow these sites to show the response to this request in a frame. No other page of ours may be framed."""
    g.framing_origins = tuple(origins)


def may_redirect_form_to(address: str) -> bool:
    """Whether browsers follow a form redirect to this URL. Stripe's pages may be on a domain of the partner's."""
    return address.startswith(tuple(f"{page}/" for page in form_targets()))


def form_targets() -> tuple[str, ...]:
    """The sites that forms may be redirected to. The sandbox serves its pages where its API is."""
    stand_in = current_portal().settings.stripe_api_base
    return (*STRIPE_PAGES, stand_in.rstrip("/")) if stand_in else STRIPE_PAGES


def page_headers() -> dict[str, str]:
    """The headers of a page. X-Frame-Options cannot list sites, so it is left out when the policy does."""
    policy = CONTENT_SECURITY_POLICY.replace(" ".join(STRIPE_PAGES), " ".join(form_targets()))
    origins: tuple[str, ...] = g.get("framing_origins", ())
    if not origins:
        return {**PAGE_HEADERS, "Content-Security-Policy": policy}
    framed = policy.replace("frame-ancestors 'none'", f"frame-ancestors 'self' {' '.join(origins)}")
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
