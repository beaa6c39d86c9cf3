"""What people see when something goes wrong: what happened, a way back, and a number to ask support about."""

import logging
import secrets
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from billingportal.web import htmx
from billingportal.web.brand import Brand


@dataclass(frozen=True)
class Words:
    title: str
    text: str


TOO_OLD = Words("This page is too old", "Reload and try again.")
WORDS = {
    400: Words("The portal did not understand this", "Go back, reload the page and try again."),
    401: Words("You are signed out", "Sign in and try again."),
    403: Words("You may not do this", "Ask the owner of the portal."),
    404: Words("There is nothing here", "The address may be mistyped, or what it showed was removed."),
    405: Words("This address takes no such request", "Go back and use the buttons of the page."),
    413: Words("That was too much at once", "Send less and try again."),
    429: Words("Too many requests", "Wait a minute and try again."),
    500: Words("The portal made a mistake", "Nothing was changed. Try again, and tell support if it happens again."),
    503: Words("Stripe does not answer", "Nothing was changed. Try again in a minute."),
}
DATABASE_AWAY = Words("The database does not answer", "Nothing was changed. Try again in a minute.")


def handle_refusal(error: HTTPException) -> Response | HTTPException:
    """Every deliberate HTTP error. Words given to `abort` replace the usual text."""
    code = error.code or 500
    if error.response is not None or code < 400:
        return error
    words = WORDS.get(code, WORDS[400 if code < 500 else 500])
    own_words = error.description if error.description != type(error).description else None
    answer = show(code, Words(words.title, own_words or words.text))
    if code == 405:
        answer.headers.extend([(name, value) for name, value in error.get_headers() if name == "Allow"])
    return answer


def handle_csrf(error: CSRFError) -> Response:
    return show(403, TOO_OLD)


def handle_database_away(error: OperationalError) -> Response:
    current_app.logger.error("the database does not answer", exc_info=error)
    g.brand = Brand()  # do not ask it once more
    return show(503, DATABASE_AWAY)


def show(code: int, words: Words) -> Response:
    """The error as a page of its own, or as a toast when only a part of a page was asked for."""
    reference = secrets.token_hex(4)
    level = logging.ERROR if code >= 500 else logging.INFO
    # The rule, not the path: a path may hold the token of a set-up link or of a webhook endpoint.
    asked_for = request.url_rule.rule if request.url_rule else "an unknown address"
    current_app.logger.log(level, "answered %s to %s %s, reference %s", code, request.method, asked_for, reference)
    if htmx.is_partial(request):
        return Response(htmx.toast("bad", words.title, f"{words.text} Reference {reference}."), status=code)
    page = render_template("errors/show.html", words=words, reference=reference)
    return Response(page, status=code)


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, handle_csrf)
    app.register_error_handler(HTTPException, handle_refusal)
    app.register_error_handler(OperationalError, handle_database_away)
