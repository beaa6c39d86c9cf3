"""What the doors of a client have in common: do one thing, then show the client."""

from collections.abc import Callable

from flask import abort, flash, g, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.clients import clients
from billingportal.errors import Refusal
from billingportal.models import Client
from billingportal.web.common import htmx

Act = Callable[[Session], object]


def client_or_404(client_id: int) -> Client:
    """The client, if there is one in the mode that is looked at."""
    client = clients.find_client(db.session(), client_id, g.mode)
    if client is None:
        abort(404, f"There is no such client in {g.mode} mode.")
    return client


def acted(client_id: int, act: Act, words: str) -> ResponseReturnValue:
    """Do something that one click asks for. A refusal is told as it is: there is no form to show it at."""
    client_or_404(client_id)
    try:
        with transaction() as session:
            act(session)
    except Refusal as refusal:
        abort(409, refusal.message)
    return done(client_id, words)


def done(client_id: int, words: str) -> ResponseReturnValue:
    """Lead to the client's page, which says what was done."""
    flash(f"{client_or_404(client_id).name} {words}")
    return htmx.redirect(url_for("clients.show", client_id=client_id))
