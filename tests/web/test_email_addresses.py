"""Email addresses: impossible ones are refused wherever one is entered, and a known one is known in every spelling."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.auth import setup
from billingportal.models import Client
from billingportal.models.auth.staff import Staff
from tests.support.catalog.showcase import furnish
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
IMPOSSIBLE = ("x@a..com", "x..y@a.com", "x@a_b.com", "x@192.0.2.7", "jürgen@a.com")
MAIL = {"host": "localhost", "port": "25", "security": "none", "is_on": "y"}


@pytest.mark.parametrize("email", IMPOSSIBLE)
def test_impossible_addresses_are_refused_wherever_one_is_entered(
    app: Flask, signed_in: Visitor, owner: Staff, session: Session, email: str
) -> None:
    plans = furnish(app, owner.id)
    client_id = new_client("Harbor", "desk@harbor.example")
    signed_in.submit("/settings/mail", {**MAIL, "sender": "billing@north.example"})
    named = {"name": "Quayside", "email": email, "workspace_name": "Desk"}
    stranger = app.test_client()
    assert isinstance(stranger, Visitor)
    answers = {
        "sign-up": stranger.submit("/portal/sign-up", {**named, "plan": str(plans["Free"])}),
        "link": stranger.submit("/portal/billing-link-requests", {"email": email}),
        "new client": signed_in.submit("/saas/clients", named),
        "client": signed_in.submit(f"/saas/clients/{client_id}", {**named, "revision": "1"}),
        "sender": signed_in.submit("/settings/mail", {**MAIL, "sender": email}),
    }
    for place, answer in answers.items():
        assert answer.status_code == 422, place
        assert re.search("This is not an email address|Use ASCII characters before the @", text_of(answer)), place
    contact = signed_in.submit("/settings/branding", {"name": "North", "colour": "#3956c1", "contact": email})
    assert (contact.status_code, "Write an email address" in text_of(contact)) == (422, True)
    session.rollback()
    assert session.scalars(select(Client.email)).all() == ["desk@harbor.example"]


@pytest.mark.parametrize("email", IMPOSSIBLE)
def test_no_owner_has_an_impossible_address(app: Flask, client: Visitor, session: Session, email: str) -> None:
    with transaction() as writing:
        token = setup.new_link(writing)
    answer = client.submit(f"/setup/{token}", {"name": "Mara", "email": email, "password": "correct horse battery"})
    assert (answer.status_code, "This is not an email address." in text_of(answer)) == (422, True)
    assert session.scalars(select(Staff)).all() == []


def test_staff_sign_in_with_any_spelling(app: Flask, client: Visitor, session: Session) -> None:
    with transaction() as writing:
        token = setup.new_link(writing)
    owner = {"name": "Mara", "email": "Mara@MÜNCHEN.example", "password": "correct horse battery"}
    assert client.submit(f"/setup/{token}", owner).status_code == 303
    for email in ("mara@münchen.example", "MARA@xn--mnchen-3ya.example"):
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        assert visitor.submit("/sign-in", {**owner, "email": email}).location == "/"
