"""Whoever copied a cookie is out as soon as its session is ended, wherever that was done."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.orm import Session

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.models.auth.staff import Staff
from billingportal.web.auth import client_session
from tests.conftest import PASSWORD
from tests.support.pages import Visitor
from tests.support.people.billing import link_of
from tests.support.people.clients import new_client

BILLING = "/portal/billing"
SIGN_IN = {"email": "owner@example.com", "password": PASSWORD}
CHANGE = {"current_password": PASSWORD, "new_password": "a better sentence than that"}


def copy_of(visitor: Visitor, app: Flask) -> Visitor:
    """Another browser, perhaps in front of another process, with the cookies of this one."""
    copy = Visitor(app)
    for name, path in (("portal_session", "/"), (client_session.COOKIE, "/portal")):
        cookie = visitor.get_cookie(name, path=path)
        if cookie is not None:
            copy.set_cookie(name, cookie.value, path=path)
    return copy


@pytest.fixture
def another_process(settings: Settings, app: Flask) -> Flask:
    """A second web server on the same database."""
    return create_app(settings)


@pytest.fixture
def client_id(session: Session) -> int:
    return new_client()


def sign_out(visitor: Visitor, _: int) -> None:
    visitor.submit("/sign-out")


def change_password(visitor: Visitor, _: int) -> None:
    assert visitor.submit("/profile", CHANGE).status_code == 303


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("end", [sign_out, change_password])
def test_a_copied_cookie_of_staff_is_worth_nothing_afterwards(
    client: Visitor, another_process: Flask, end: Callable[[Visitor, int], None]
) -> None:
    client.submit("/sign-in", SIGN_IN)
    copy = copy_of(client, another_process)
    assert copy.get("/profile").status_code == 200

    end(client, 0)

    assert copy.get("/profile").location == "/sign-in?next=/profile"
    with another_process.app_context():
        db.engine.dispose()


def client_signs_out(app: Flask, _: Visitor, client: Visitor, __: int) -> None:
    client.submit("/portal/sign-out")


def staff_suspends(app: Flask, staff: Visitor, _: Visitor, client_id: int) -> None:
    assert staff.submit(f"/saas/clients/{client_id}/suspension", {"reason": "Spam"}).status_code == 303


def staff_archives(app: Flask, staff: Visitor, _: Visitor, client_id: int) -> None:
    """And takes the client back, which takes nobody else back."""
    for deed in ("archiving", "restoration"):
        assert staff.submit(f"/saas/clients/{client_id}/{deed}").status_code == 303


def staff_changes_the_address(app: Flask, staff: Visitor, _: Visitor, client_id: int) -> None:
    typed = {"name": "Harbor Dental", "email": "somebody.else@harbor.example", "revision": "1"}
    assert staff.submit(f"/saas/clients/{client_id}", typed).status_code == 303


def staff_withdraws(app: Flask, staff: Visitor, _: Visitor, client_id: int) -> None:
    assert staff.submit(f"/saas/clients/{client_id}/access-withdrawal").status_code == 303


ENDINGS = [client_signs_out, staff_suspends, staff_archives, staff_changes_the_address, staff_withdraws]


@pytest.mark.parametrize("end", ENDINGS)
def test_a_copied_cookie_of_a_client_is_worth_nothing_afterwards(
    app: Flask,
    signed_in: Visitor,
    another_process: Flask,
    client_id: int,
    end: Callable[[Flask, Visitor, Visitor, int], None],
) -> None:
    link, client = link_of(app, client_id), Visitor(app)
    client.get(link)
    copy = copy_of(client, another_process)
    assert copy.get(BILLING).status_code == 200

    end(app, signed_in, client, client_id)

    assert copy.get(BILLING).status_code == 401
    # Who signs out keeps the link; what staff ends is ended for links as well.
    assert Visitor(app).get(link).status_code == (303 if end is client_signs_out else 410)
    with another_process.app_context():
        db.engine.dispose()


def test_a_member_of_staff_who_is_gone_is_signed_out(app: Flask, signed_in: Visitor, owner: Staff) -> None:
    with app.app_context(), transaction() as session:
        session.execute(delete(Staff).where(Staff.id == owner.id))
    assert signed_in.get("/profile").status_code == 303
