from datetime import timedelta

import argon2
import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.auth.sign_in_attempt import SignInAttempt
from billingportal.models.auth.staff import Staff
from tests.conftest import PASSWORD
from tests.support.pages import Visitor, text_of

RIGHT = {"email": "owner@example.com", "password": PASSWORD}
WRONG = {**RIGHT, "password": "wrong horse battery"}
UNKNOWN = {**WRONG, "email": "nobody@example.com"}


@pytest.mark.usefixtures("owner")
def test_the_right_password_signs_in(client: Visitor, session: Session) -> None:
    answer = client.submit("/sign-in", RIGHT)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/profile").status_code == 200
    person = session.scalars(select(Staff)).one()
    assert person.last_signed_in_at is not None
    assert clock.now() - person.last_signed_in_at < timedelta(minutes=1)
    assert session.scalars(select(AuditEntry.action)).all() == ["staff.signed_in"]
    assert session.scalar(select(func.count(SignInAttempt.id))) == 0


@pytest.mark.usefixtures("owner")
def test_a_wrong_password_and_an_unknown_account_get_the_same_words(client: Visitor) -> None:
    wrong, unknown = client.submit("/sign-in", WRONG), client.submit("/sign-in", UNKNOWN)
    assert wrong.status_code == unknown.status_code == 422
    assert "Email or password is not right" in text_of(wrong)
    assert text_of(wrong) == text_of(unknown)
    assert "owner@example.com" in wrong.text
    assert "wrong horse" not in wrong.text
    assert client.get("/profile").status_code == 303


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("form", [WRONG, UNKNOWN])
def test_after_five_wrong_tries_even_the_right_password_waits(client: Visitor, form: dict[str, str]) -> None:
    for _ in range(5):
        assert client.submit("/sign-in", form).status_code == 422
    answer = client.submit("/sign-in", {**form, "password": PASSWORD})
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in text_of(answer)
    assert 890 <= int(answer.headers["Retry-After"]) <= 901


@pytest.mark.usefixtures("owner")
def test_signing_in_starts_a_new_session(client: Visitor) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["csrf_token"] = "known to somebody else"
    client.submit("/sign-in", RIGHT)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "known to somebody else"


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("after", "leads_to"),
    [
        ("/profile?tab=1", "/profile?tab=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_sign_in_goes_on_to_own_pages_only(client: Visitor, after: str, leads_to: str) -> None:
    with client.session_transaction():
        pass
    answer = client.open(
        "/sign-in", method="POST", query_string={"next": after}, data={**RIGHT, "csrf_token": client.csrf_token()}
    )
    assert answer.location == leads_to


def test_a_hash_of_weaker_parameters_is_renewed(client: Visitor, app: Flask, owner: Staff, session: Session) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with app.app_context(), transaction() as writing:
        writing.get_one(Staff, owner.id).password_hash = weak
    assert client.submit("/sign-in", RIGHT).status_code == 303
    renewed = session.get_one(Staff, owner.id).password_hash
    assert renewed != weak
    assert argon2.PasswordHasher().verify(renewed, PASSWORD)


def test_someone_who_is_signed_in_is_not_asked_again(signed_in: Visitor) -> None:
    assert signed_in.get("/sign-in").location == "/"


def test_signing_out_ends_the_session(signed_in: Visitor) -> None:
    assert signed_in.submit("/sign-out").location == "/sign-in"
    assert signed_in.get("/profile").status_code == 303


def test_a_link_cannot_sign_anybody_out(signed_in: Visitor) -> None:
    assert signed_in.get("/sign-out").status_code == 405
