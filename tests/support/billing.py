"""Clients at their own billing page."""

from flask import Flask

from billingportal.db import db
from billingportal.domain import billing_links
from billingportal.portal import current_portal
from tests.support.pages import Visitor


def link_of(app: Flask, client_id: int, hours: int = 24) -> str:
    """The path of a billing link, as staff hand it over."""
    with app.app_context():
        path = billing_links.path(current_portal().settings.secret_keys, client_id, hours=hours)
        db.session.remove()
        return path


def visitor_of(app: Flask, client_id: int) -> Visitor:
    """A browser in which the client is signed in."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    assert visitor.get(link_of(app, client_id)).status_code == 303
    return visitor
