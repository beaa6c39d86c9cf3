"""Records when each session was last used, once a minute. No page waits for the write or fails with it."""

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import OperationalError

from billingportal.clock import now
from billingportal.db import spare_transaction
from billingportal.domain.auth import browser_sessions
from billingportal.domain.auth.browser_sessions import Device
from billingportal.models import BrowserSession


def device() -> Device:
    """The address and browser of this request."""
    return Device.of(request.remote_addr, request.user_agent.string)


def is_used(row: BrowserSession) -> None:
    """Queue the session for `note`, if its last record is old enough."""
    if browser_sessions.is_seen_long_ago(row, now()):
        g.setdefault("used_sessions", set()).add(row.id)


def note(response: Response) -> Response:
    """Record the queued sessions once the response is ready."""
    session_ids: set[int] = g.pop("used_sessions", set())
    if session_ids:
        try:
            write(session_ids)
        except OperationalError as error:
            current_app.logger.info("not noted that a session is used: %s", type(error.orig).__name__)
    return response


def write(session_ids: set[int]) -> None:
    with spare_transaction() as connection:
        if connection is not None:
            for session_id in session_ids:
                browser_sessions.note_seen(connection, session_id, device(), now())


def init_app(app: Flask) -> None:
    app.after_request(note)
