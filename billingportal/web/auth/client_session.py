"""The signed-in client. Its session is separate: a staff session in the same browser is neither read nor changed."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec

from flask import Flask, abort, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.auth import browser_sessions, client_sign_out
from billingportal.models import Client
from billingportal.web.auth import last_seen
from billingportal.web.common import htmx
from billingportal.web.common.input import cookies

COOKIE = "portal_client"
PATH = "/portal"
LIFETIME = timedelta(hours=2)

P = ParamSpec("P")


def sign_in(writing: Session, client: Client) -> None:
    """Start a session of two hours; the cookie is sent with the response to this request.

    The client's row has to be locked (see browser_sessions).
    """
    token = browser_sessions.start(writing, client, last_seen.device(), LIFETIME, request.cookies.get(COOKIE))
    g.client_id = client.id
    cookies.give(COOKIE, token, LIFETIME, PATH)


def sign_out() -> None:
    """End the session in this browser."""
    token = request.cookies.get(COOKIE)
    if token is not None:
        with transaction() as writing:
            client_sign_out.sign_out(writing, token)
    g.client_id = None
    cookies.take(COOKIE, PATH)


def find_client() -> Client | None:
    """The signed-in client, or None. An archived client counts as signed out."""
    if "client_id" not in g:
        g.client_id = looked_up()
    client = db.session().get(Client, g.client_id) if g.client_id is not None else None
    return client if client is not None and client.archived_at is None else None


def looked_up() -> int | None:
    token = request.cookies.get(COOKIE)
    found = browser_sessions.find(db.session(), Client, token) if token else None
    if found is None:
        return None
    row, client = found
    last_seen.is_used(row)
    return client.id


def current_client() -> Client:
    """The signed-in client. Only behind `require_client`."""
    client = find_client()
    if client is None:
        abort(401)
    return client


def require_client(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Restrict a view to signed-in clients; others see how to get a billing link."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if find_client() is not None:
            return view(*args, **kwargs)
        if htmx.is_htmx(request):
            return htmx.signed_out(url_for("billing.show"))
        return make_response(render_template("client_portal/link_needed.html", state="none"), 401)

    return guarded


def init_app(app: Flask) -> None:
    app.add_template_global(find_client)
