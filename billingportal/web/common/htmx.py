"""The only file that names the headers of htmx 4."""

import json
from typing import Literal

from flask import Flask, Request, Response, get_template_attribute, request
from markupsafe import Markup

ToastKind = Literal["ok", "bad"]


def is_htmx(request: Request) -> bool:
    """Whether htmx sent this request, for a part of the page or for the whole of it."""
    return request.headers.get("HX-Request") == "true"


def is_partial(request: Request) -> bool:
    """Whether only a part of the page is wanted; everything else gets the full page."""
    return request.headers.get("HX-Request-Type") == "partial"


def redirect(address: str) -> Response:
    """Redirect to another page: 303 for a plain form, a header for htmx, which would load a 303 into its target.

    The response is built here, not by Flask's redirect(): its body would have to match its Content-Length.
    """
    if is_htmx(request):
        return Response(headers={"HX-Redirect": address})
    return Response(status=303, headers={"Location": address})


def signed_out(address: str) -> Response:
    """Refuse an htmx request without a session (401), and redirect the page to sign-in."""
    return Response(status=401, headers={"HX-Redirect": address})


def announce(response: Response, event: str, detail: dict[str, str]) -> Response:
    """Trigger an event in the page once the response is in place."""
    response.headers["HX-Trigger"] = json.dumps({event: detail})
    return response


def toast(kind: ToastKind, title: str, text: str = "") -> Markup:
    """A message to append to any response to htmx. It is shown whatever the status of the response."""
    rendered = get_template_attribute("ui.html", "toast")(kind, title, text)
    return Markup(rendered)  # noqa: S704 rendered by an autoescaping template


def with_toast(part: str, kind: ToastKind, title: str, text: str = "") -> str:
    """A rendered part of the page, followed by a toast. (Adding a toast to plain text would escape the text.)"""
    return part + str(toast(kind, title, text))


def vary_by_type(response: Response) -> Response:
    """One URL answers with a page or with a part of it: caches must not mix them up."""
    if response.mimetype == "text/html":
        response.vary.add("HX-Request-Type")
    return response


def init_app(app: Flask) -> None:
    app.after_request(vary_by_type)
