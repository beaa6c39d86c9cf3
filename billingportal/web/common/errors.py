"""Error pages: what happened, a way back, and a reference for support."""

import logging
import secrets
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException

from billingportal.database.unavailable import UNAVAILABLE, Trouble, is_mistake, trouble_of
from billingportal.portal import current_portal
from billingportal.web.common import htmx
from billingportal.web.common.brand import Brand


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
TROUBLE: dict[Trouble, Words] = {
    "away": Words("The database does not answer", "Try again in a minute."),
    "busy": Words("The database is busy", "Something else has been writing to it for too long. Try again in a minute."),
    "full": Words("The database takes no more connections", "Too much is going on at once. Try again in a minute."),
}
CHECK_FIRST = "Check first whether what you sent was saved."
# Seconds before a retry makes sense: the longest wait for the database.
RETRY_AFTER = "10"


def handle_refusal(error: HTTPException) -> Response | HTTPException:
    """Answer every deliberate HTTP error. A text given to `abort` replaces the usual one."""
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


def handle_unavailable(error: Exception) -> Response:
    """Answer when the database is down or busy: one page for every view but the webhook, which answers a program."""
    if is_mistake(error):
        raise error
    report_outage(error)
    g.brand = Brand()  # do not query the database again
    words = TROUBLE[trouble_of(error)]
    if request.method in ("GET", "HEAD"):
        return show(503, words)
    # It may have failed after the first of several transactions, with an order at Stripe between them.
    return show(503, Words(words.title, f"{words.text} {CHECK_FIRST}"))


def report_outage(error: Exception) -> None:
    """Log why the database could not answer, once a minute."""
    current_portal().outage.report(error)


def show(code: int, words: Words) -> Response:
    """The error as a page of its own, or as a toast when only a part of a page was asked for."""
    reference = secrets.token_hex(4)
    level = logging.ERROR if code >= 500 else logging.INFO
    # The rule, not the path: a path may contain the token of a set-up link or of a webhook endpoint.
    asked_for = request.url_rule.rule if request.url_rule else "an unknown address"
    current_app.logger.log(level, "answered %s to %s %s, reference %s", code, request.method, asked_for, reference)
    if htmx.is_partial(request):
        body: str = htmx.toast("bad", words.title, f"{words.text} Reference {reference}.")
    else:
        body = render_template("errors/show.html", words=words, reference=reference)
    return Response(body, status=code, headers={"Retry-After": RETRY_AFTER} if code == 503 else None)


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, handle_csrf)
    app.register_error_handler(HTTPException, handle_refusal)
    for unavailable in UNAVAILABLE:
        app.register_error_handler(unavailable, handle_unavailable)
