"""The signed-in member of staff. Closed by default: only the blueprints named here answer without sign-in."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar, cast

import flask_login  # type: ignore[import-untyped]
from flask import Flask, Response, abort, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.auth import browser_sessions
from billingportal.models import BrowserSession
from billingportal.models.auth.staff import Role, Staff
from billingportal.web.auth import last_seen
from billingportal.web.common import htmx
from billingportal.web.common.urls import own_path

# Responses that are the same for everybody: no session, so caches may store them.
SHARED_BLUEPRINTS = {"api_pages", "assets", "brand", "brand_pictures", "pricing"}
# Pages of clients, who have a session of their own (see client_session).
CLIENT_BLUEPRINTS = {
    "billing",
    "billing_link_requests",
    "billing_links",
    "checkouts",
    "client_sign_out",
    "confirmed_sign_up",
    "own_cancellation",
    "own_invoices",
    "own_plan",
    "own_resumption",
    "own_spending_cap",
    "own_trial_end",
    "own_usage",
    "sign_up",
}
PUBLIC_BLUEPRINTS = SHARED_BLUEPRINTS | CLIENT_BLUEPRINTS | {"healthz", "metrics", "setup", "sign_in", "webhooks"}
LONGEST_SESSION = timedelta(hours=12)

P = ParamSpec("P")
R = TypeVar("R", bound=ResponseReturnValue)


class SignedIn:
    """A member of staff, as Flask-Login needs it. The cookie stores the session's token."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, staff: Staff, token: str, row: BrowserSession | None = None) -> None:
        self.staff = staff
        self.token = token
        self.row = row

    def get_id(self) -> str:
        return self.token


def load(token: str) -> SignedIn | None:
    """The person of this session, or None when it expired or was ended."""
    found = browser_sessions.find(db.session(), Staff, token)
    if found is None:
        return None
    row, staff = found
    last_seen.is_used(row)
    return SignedIn(staff, token, row)


def find_staff() -> Staff | None:
    """The signed-in person, or None."""
    user = flask_login.current_user
    return cast(Staff, user.staff) if user.is_authenticated else None


def current_staff() -> Staff:
    """The signed-in person. Only for views that require sign-in."""
    staff = find_staff()
    if staff is None:
        abort(401)
    return staff


def current_session_id() -> int | None:
    """The id of this browser's session. None when it started with this very request."""
    row = flask_login.current_user.row
    return None if row is None else int(row.id)


def sign_in(writing: Session, staff: Staff) -> None:
    """Start a new session; nothing of the one before is kept, so nobody can have planted it."""
    token = browser_sessions.start(writing, staff, last_seen.device(), LONGEST_SESSION, own_token())
    session.clear()
    session.permanent = True
    flask_login.login_user(SignedIn(staff, token))


def sign_out() -> None:
    """End this session and clear its data."""
    token = own_token()
    if token is not None:
        with transaction() as writing:
            browser_sessions.end(writing, token)
    session.clear()
    flask_login.logout_user()
    session.clear()


def own_token() -> str | None:
    """The token in the cookie, valid or not."""
    token = session.get("_user_id")
    return token if isinstance(token, str) else None


def require_role(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Restrict a view to these roles; others get a 403 that says so."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if current_staff().role not in roles:
                abort(403, "Your role may look at this, but not change it. Ask the owner of the portal.")
            return view(*args, **kwargs)

        return guarded

    return decorate


def refuse_strangers() -> Response | None:
    """Redirect to sign-in unless the blueprint is public. Unknown URLs fall through to their 404."""
    if request.endpoint is None or request.blueprint in PUBLIC_BLUEPRINTS or find_staff() is not None:
        return None
    came_for = own_path(request.full_path.rstrip("?")) if request.method == "GET" else None
    if htmx.is_htmx(request):
        return htmx.signed_out(url_for("sign_in.new"))
    return htmx.redirect(url_for("sign_in.new", next=None if came_for == "/" else came_for))


def keep_private(response: Response) -> Response:
    """No cache may store a page, so that Back after sign-out shows nothing. Shared responses are exempt."""
    if request.blueprint in SHARED_BLUEPRINTS:
        session.accessed = False
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def init_app(app: Flask) -> None:
    app.after_request(keep_private)  # first, so that it runs after Flask-Login has looked at the session
    manager = flask_login.LoginManager()
    manager.session_protection = None
    manager.user_loader(load)
    manager.init_app(app, add_context_processor=False)
    app.before_request(refuse_strangers)
    app.add_template_global(current_staff)
