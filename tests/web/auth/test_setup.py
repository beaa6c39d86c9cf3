import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.auth import setup
from billingportal.models.auth.staff import Staff
from tests.support.pages import Visitor, text_of

OWNER = {"name": "Mara Lindqvist", "email": "mara@example.com", "password": "correct horse battery"}


@pytest.fixture
def address(app: Flask) -> str:
    """Where the set-up link leads."""
    with app.app_context(), transaction() as session:
        return f"/setup/{setup.new_link(session)}"


def test_setting_up_makes_the_owner_and_signs_in(client: Visitor, session: Session, address: str) -> None:
    answer = client.submit(address, OWNER)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/profile").status_code == 200
    owner = session.scalars(select(Staff)).one()
    assert (owner.email, owner.role) == ("mara@example.com", "owner")
    assert owner.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "Enter your name."),
        ("email", "mara", "This is not an email address."),
        ("password", "short", "Too short. It needs 12 characters or more."),
    ],
)
def test_each_mistake_is_explained_and_what_was_typed_stays(
    client: Visitor, session: Session, address: str, field: str, value: str, words: str
) -> None:
    answer = client.submit(address, {**OWNER, field: value})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'aria-invalid="true"' in answer.text
    assert "correct horse" not in answer.text
    assert session.scalar(select(func.count(Staff.id))) == 0


def test_the_cursor_is_put_at_the_first_mistake_only(client: Visitor, address: str) -> None:
    answer = client.submit(address, {**OWNER, "email": "mara", "password": ""})
    focused = [line for line in answer.text.splitlines() if "autofocus" in line and "<input" in line]
    assert len(focused) == 1
    assert 'name="email"' in focused[0]


def test_a_used_link_leads_to_sign_in(client: Visitor, address: str) -> None:
    client.submit(address, OWNER)
    again = client.submit(address, {**OWNER, "email": "second@example.com"})
    assert again.status_code == 410
    assert "This link has been used" in text_of(again)
    assert 'href="/sign-in"' in again.text


def test_an_unknown_link_says_how_to_get_one(client: Visitor) -> None:
    answer = client.get("/setup/nobody-printed-this")
    assert answer.status_code == 404
    assert "billingportal setup-link" in text_of(answer)


def test_sign_in_says_how_to_set_up_while_there_is_no_staff(client: Visitor) -> None:
    answer = client.get("/sign-in")
    assert answer.status_code == 200
    assert "billingportal setup-link" in text_of(answer)
