"""Which client is here. A session of its own: staff's is neither read nor changed, in the same browser or another."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    make_response,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain import signed_tokens
from billingportal.models import Client
from billingportal.portal import current_portal
from billingportal.web import htmx

COOKIE = "portal_client"
PATH = "/portal"
PURPOSE = "client sessions"
LIFETIME = timedelta(hours=2)

P = ParamSpec("P")


def sign_in(client: Client) -> None:
    """Begin a session of two hours; the cookie goes out with the answer to this request."""
    token = signed_tokens.sign(current_portal().settings.secret_keys, PURPOSE, client.id, LIFETIME)
    g.client_id = client.id

    @after_this_request
    def give(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            token,
            max_age=LIFETIME,
            path=PATH,
            secure=request.is_secure or bool(current_app.config["SESSION_COOKIE_SECURE"]),
            httponly=True,
            samesite="Lax",
        )
        return response


def sign_out() -> None:
    """End the session in this browser."""
    g.client_id = None

    @after_this_request
    def take(response: Response) -> Response:
        response.delete_cookie(COOKIE, path=PATH)
        return response


def find_client() -> Client | None:
    """The client who is here, if any. One that was archived is not."""
    if "client_id" not in g:
        g.client_id = claimed_id()
    client = db.session().get(Client, g.client_id) if g.client_id is not None else None
    return client if client is not None and client.archived_at is None else None


def claimed_id() -> int | None:
    token = request.cookies.get(COOKIE)
    claim = signed_tokens.read(current_portal().settings.secret_keys, PURPOSE, token) if token else None
    return claim.client_id if claim is not None and not claim.is_over else None


def current_client() -> Client:
    """The client who is here. Only behind `require_client`."""
    client = find_client()
    if client is None:
        abort(401)
    return client


def require_client(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let only clients through a door; others learn how they get a billing link."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if find_client() is not None:
            return view(*args, **kwargs)
        if htmx.is_htmx(request):
            return htmx.signed_out(url_for("billing.show"))
        return make_response(render_template("billing/link_needed.html", state="none"), 401)

    return guarded


def init_app(app: Flask) -> None:
    app.add_template_global(find_client)
