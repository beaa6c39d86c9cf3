"""A visitor without a browser: sends forms the way a page does, with the CSRF token of the session."""

import hashlib
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from billingportal.db import db, transaction
from billingportal.domain.auth import browser_sessions
from billingportal.domain.auth.browser_sessions import Device
from billingportal.models.auth.staff import Staff
from billingportal.web.auth.session import LONGEST_SESSION

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Visitor(FlaskClient):
    """Flask's test client with the two ways in which our pages send forms."""

    def open(self, *args: Any, **kwargs: Any) -> "TestResponse":
        """Answer in an application context of its own, as a server does.

        Flask would share the one that the test has open, and with it whatever `g` remembers of an earlier visitor.
        """
        with self.application.app_context():
            return super().open(*args, **kwargs)

    def submit(self, path: str, data: dict[str, str] | None = None, *, method: str = "POST") -> "TestResponse":
        """Send a plain form, as a browser without JavaScript does."""
        return self.open(path, method=method, data={**(data or {}), "csrf_token": self.csrf_token()})

    def swap(self, path: str, data: dict[str, str] | None = None, *, method: str = "POST") -> "TestResponse":
        """Send what htmx sends for an element that swaps a part of the page."""
        headers = {**PARTIAL, "X-CSRF-Token": self.csrf_token()}
        return self.open(path, method=method, data=data, headers=headers)

    def csrf_token(self) -> str:
        """The token that the pages of this session print."""
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", hashlib.sha256(os.urandom(16)).hexdigest())
        serializer = URLSafeTimedSerializer(str(self.application.secret_key), salt="wtf-csrf-token")
        return str(serializer.dumps(raw))

    def become(self, staff: Staff) -> None:
        """Sign in without the form, which has tests of its own."""
        token = begin_session(self.application, staff.id)
        with self.session_transaction() as session:
            session["_user_id"] = token


def begin_session(app: Flask, staff_id: int, *, lifetime: timedelta = LONGEST_SESSION) -> str:
    """The token of a new session of staff."""
    with app.app_context():
        with transaction() as session:
            staff = session.get_one(Staff, staff_id)
            token = browser_sessions.start(session, staff, Device.of("192.0.2.7", FIREFOX), lifetime, None)
        db.session.remove()
    return token


def text_of(response: "TestResponse") -> str:
    """What a page says, without tags and with every run of blanks as one."""
    words = re.sub(r"<(script|style|template)\b.*?</\1>|<[^>]+>", " ", response.text, flags=re.S)
    return " ".join(words.split())


def markup_of(response: "TestResponse") -> str:
    """A page's HTML without the blanks that only lay out its template."""
    return re.sub(r" ?(<|/?>) ?", r"\1", " ".join(response.text.split()))
