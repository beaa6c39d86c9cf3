"""Steps that the views of a client share: run one action, then show the client."""

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
    """The client with this id in the mode shown, else a 404."""
    client = clients.find_client(db.session(), client_id, g.mode)
    if client is None:
        abort(404, f"There is no such client in {g.mode} mode.")
    return client


def acted(client_id: int, act: Act, words: str) -> ResponseReturnValue:
    """Run an action that has no form. A refusal becomes a 409 with its message."""
    client_or_404(client_id)
    try:
        with transaction() as session:
            act(session)
    except Refusal as refusal:
        abort(409, refusal.message)
    return done(client_id, words)


def done(client_id: int, words: str) -> ResponseReturnValue:
    """Redirect to the client's page with a message."""
    flash(f"{client_or_404(client_id).name} {words}")
    return htmx.redirect(url_for("clients.show", client_id=client_id))
