import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.auth import passwords
from billingportal.models import BrowserSession
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.auth.staff import Staff
from tests.conftest import PASSWORD
from tests.support.pages import Visitor, begin_session, text_of

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
    assert passwords.password_matches(session.get_one(Staff, owner.id).password_hash, NEW_PASSWORD)
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


def test_the_profile_lists_where_the_person_is_signed_in(app: Flask, signed_in: Visitor, owner: Staff) -> None:
    begin_session(app, owner.id)
    page = signed_in.get("/profile")
    words = text_of(page)
    assert words.count("Firefox on Linux") >= 2
    assert "192.0.2.7 · active now" in words
    assert words.count("This browser") == 1
    assert "Sign out everywhere else" in words


def test_one_other_session_is_ended(app: Flask, signed_in: Visitor, owner: Staff) -> None:
    elsewhere = Visitor(app)
    elsewhere.become(owner)
    (address,) = re.findall(r'action="(/profile/sessions/\d+/ending)"', signed_in.get("/profile").text)

    for _ in range(2):
        assert signed_in.submit(address).location == "/profile"

    assert elsewhere.get("/profile").status_code == 303
    page = text_of(signed_in.get("/profile"))
    assert "Signed out of Firefox on Linux." in page
    assert "Sign out everywhere else" not in page


def test_all_other_sessions_are_ended(app: Flask, signed_in: Visitor, owner: Staff) -> None:
    others = [Visitor(app) for _ in range(2)]
    for one in others:
        one.become(owner)

    signed_in.submit("/profile/sessions/ending")

    assert [one.get("/profile").status_code for one in others] == [303, 303]
    assert "Signed out everywhere else." in text_of(signed_in.get("/profile"))


def test_nobody_ends_the_session_of_a_colleague(signed_in: Visitor, viewer: Visitor, session: Session) -> None:
    for session_id in session.scalars(select(BrowserSession.id)).all():
        viewer.submit(f"/profile/sessions/{session_id}/ending")
    viewer.submit("/profile/sessions/ending")
    assert signed_in.get("/profile").status_code == 200


def test_being_seen_is_written_once_a_minute(app: Flask, signed_in: Visitor, session: Session) -> None:
    def seen() -> tuple[timedelta, str]:
        session.rollback()
        row = session.scalars(select(BrowserSession)).one()
        return clock.now() - row.last_seen_at, row.browser

    with app.app_context(), transaction() as writing:
        writing.scalars(select(BrowserSession)).one().last_seen_at -= timedelta(seconds=50)
    signed_in.get("/profile", headers={"User-Agent": "curl/8"})
    assert seen() > (timedelta(seconds=50), "")
    assert seen()[1] == "Firefox on Linux"
    with app.app_context(), transaction() as writing:
        writing.scalars(select(BrowserSession)).one().last_seen_at -= timedelta(seconds=50)
    signed_in.get("/profile", headers={"User-Agent": "curl/8"})
    assert seen() < (timedelta(seconds=50), "")
    assert seen()[1] == "curl"
    assert "127.0.0.1 · active now" in text_of(signed_in.get("/profile"))
