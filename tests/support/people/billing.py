"""Clients at their own billing page."""

from flask import Flask

from billingportal.db import db, transaction
from billingportal.domain.auth import billing_links
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.entitlements import evaluation
from billingportal.models import Client
from billingportal.portal import current_portal
from tests.support.catalog.plans import resource_id
from tests.support.pages import Visitor
from tests.support.usage.reports import report_level


def link_of(app: Flask, client_id: int, hours: int = 24) -> str:
    """The path of a billing link, as staff hand it over."""
    with app.app_context():
        keys, client = current_portal().settings.secret_keys, db.session().get_one(Client, client_id)
        path = billing_links.link_path(keys, client_id, client.access_generation, hours=hours)
        db.session.remove()
        return path


def visitor_of(app: Flask, client_id: int) -> Visitor:
    """A browser in which the client is signed in."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    assert visitor.get(link_of(app, client_id)).status_code == 303
    return visitor


def use(client_id: int, **levels: int) -> None:
    """Have a workspace of the client report what it uses, by resource key; then evaluate."""
    with transaction() as session:
        client = session.get_one(Client, client_id)
        workspace = workspaces.create_workspace(session, client, "Front desk", None, author=by_staff(None))
        for key, level in levels.items():
            report_level(session, workspace, resource_id(session, key), level)
        evaluation.evaluate(session, client_id)


def change_client(client_id: int, **changes: object) -> None:
    """Write columns of the client, and evaluate it."""
    with transaction() as session:
        client = session.get_one(Client, client_id)
        for name, value in changes.items():
            setattr(client, name, value)
        session.flush()
        evaluation.evaluate(session, client_id)
