import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain import passwords
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.staff import Staff
from tests.conftest import PASSWORD
from tests.support.pages import Visitor, text_of

NEW_PASSWORD = "a better sentence than that"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


def test_the_profile_shows_who_is_signed_in(signed_in: Visitor) -> None:
    assert "owner@example.com" in text_of(signed_in.get("/profile"))


def test_a_changed_password_ends_other_sessions_only(
    app: Flask, signed_in: Visitor, owner: Staff, session: Session
) -> None:
    elsewhere = app.test_client()
    assert isinstance(elsewhere, Visitor)
    elsewhere.become(owner)
    assert signed_in.submit("/profile", CHANGE).location == "/profile"
    assert "Password changed. Other sessions have ended." in text_of(signed_in.get("/profile"))
    assert elsewhere.get("/profile").status_code == 303
    assert passwords.fits(session.get_one(Staff, owner.id).password_hash, NEW_PASSWORD)
    assert session.scalars(select(AuditEntry.action)).all() == ["staff.changed_password"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"current_password": "wrong horse battery"}, "This is not your current password."),
        ({"new_password": "short"}, "Too short. It needs 12 characters or more."),
        ({"new_password": PASSWORD}, "This is the password you have. Choose another one."),
    ],
)
def test_each_mistake_is_explained_and_changes_nothing(
    signed_in: Visitor, owner: Staff, session: Session, change: dict[str, str], words: str
) -> None:
    answer = signed_in.submit("/profile", {**CHANGE, **change})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert PASSWORD not in answer.text
    assert session.get_one(Staff, owner.id).password_hash == owner.password_hash


def test_guessing_the_current_password_is_throttled(signed_in: Visitor) -> None:
    for _ in range(5):
        signed_in.submit("/profile", {**CHANGE, "current_password": "wrong horse battery"})
    answer = signed_in.submit("/profile", CHANGE)
    assert answer.status_code == 422
    assert "Too many wrong tries." in text_of(answer)
