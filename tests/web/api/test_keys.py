"""Settings > API keys: made and shown once, renamed and revoked, by those who may."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.auth import api_keys
from billingportal.models import ApiKey, AuditEntry
from billingportal.models.auth.staff import Staff
from tests.support.pages import Visitor, markup_of, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import new_client

PAGE = "/settings/api-keys"
NEW = {"name": "Chat platform", "scopes": "read"}
HOSTILE = "<script>alert(1)</script>\"'&"


def made(visitor: Visitor, **given: str) -> str:
    """Make a key on the page; its text."""
    answer = visitor.submit(PAGE, {**NEW, **given})
    assert answer.status_code == 200, text_of(answer)
    (secret,) = re.findall(r'id="secret"[^>]*>(bp_(?:test|live)_\w+)<', markup_of(answer))
    return str(secret)


def the_key(session: Session) -> ApiKey:
    session.rollback()
    return session.scalars(select(ApiKey)).one()


def test_without_a_key_the_page_leads_to_the_first_call(signed_in: Visitor) -> None:
    words = text_of(signed_in.get(PAGE))
    assert "Connect your platform" in words
    assert "/api/v1/resources" in words


def test_a_key_is_shown_once_and_never_again(signed_in: Visitor, session: Session) -> None:
    secret = made(signed_in)
    page = signed_in.get(PAGE)

    assert re.fullmatch(r"bp_test_[A-Za-z0-9]{43}", secret)
    assert secret not in page.text
    assert f"Chat platform {secret[:12]}…{secret[-4:]}" in text_of(page)
    assert "Never Active" in text_of(page)
    assert the_key(session).key_hash == api_keys.hash_key(secret)
    assert not any(secret in entry.summary for entry in session.scalars(select(AuditEntry)))


def test_a_key_without_name_scope_or_with_a_past_end_is_refused(signed_in: Visitor, session: Session) -> None:
    answer = signed_in.submit(PAGE, {"name": " ", "expires_at": "2020-01-01"})
    words = text_of(answer)

    assert answer.status_code == 422
    assert "Name the program that uses the key." in words
    assert "Choose what the key may do." in words
    assert "Choose a day in the future" in words
    assert session.scalars(select(ApiKey)).all() == []
    assert signed_in.submit(PAGE, {**NEW, "scopes": "everything"}).status_code == 422


def test_a_key_ends_with_its_last_day(signed_in: Visitor, session: Session) -> None:
    last = clock.now().date() + timedelta(days=5)
    made(signed_in, expires_at=last.isoformat())

    ends_at = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    assert the_key(session).expires_at == ends_at
    words = text_of(signed_in.get(PAGE))
    assert f"“Chat platform” ends on {last.day} {last:%B %Y}" in words
    assert f"Ends {last.day} {last:%B %Y}" in words


def test_renaming_changes_the_name_only(signed_in: Visitor, session: Session) -> None:
    made(signed_in)
    key_id = the_key(session).id

    assert signed_in.submit(f"{PAGE}/{key_id}", {"name": ""}).status_code == 422
    assert signed_in.submit(f"{PAGE}/{key_id}", {"name": HOSTILE}).status_code == 303
    page = signed_in.get(PAGE)
    assert the_key(session).name == HOSTILE
    assert "<script>alert" not in markup_of(page)
    assert signed_in.get(f"{PAGE}/{key_id}/edit").status_code == 200


@pytest.mark.parametrize("way", ["swap", "submit"])
def test_revoking_stops_it(signed_in: Visitor, session: Session, way: str) -> None:
    made(signed_in)
    key_id = the_key(session).id
    answer = getattr(signed_in, way)(f"{PAGE}/{key_id}/revocation")

    assert answer.status_code == (200 if way == "swap" else 303)
    assert the_key(session).revoked_at is not None
    assert "Revoked" in text_of(signed_in.get(PAGE))


def test_a_key_of_the_other_mode_is_not_there(signed_in: Visitor, session: Session, owner: Staff) -> None:
    with transaction() as writing:
        row, _ = api_keys.create_key(writing, "live", "Live platform", ["read"], None, owner.id)
        key_id = row.id

    assert "Live platform" not in text_of(signed_in.get(PAGE))
    assert signed_in.get(f"{PAGE}/{key_id}/edit").status_code == 404
    assert signed_in.submit(f"{PAGE}/{key_id}/revocation").status_code == 404
    assert the_key(session).revoked_at is None


def test_others_cannot_touch_keys(app: Flask, client: Visitor, viewer: Visitor, session: Session) -> None:
    paths = (PAGE, f"{PAGE}/1", f"{PAGE}/1/revocation", "/settings/api")
    assert viewer.get(PAGE).status_code == 200
    assert viewer.get(f"{PAGE}/new").status_code == 403
    for path in paths:
        assert viewer.submit(path, NEW).status_code == 403, path
        assert client.submit(path, NEW).status_code in (303, 401), path
        assert visitor_of(app, new_client(f"C {path}")).submit(path, NEW).status_code in (303, 401), path
    session.rollback()
    assert session.scalars(select(ApiKey)).all() == []


def test_the_rate_limit_is_changed(signed_in: Visitor) -> None:
    made(signed_in)
    assert signed_in.submit("/settings/api", {"requests_per_second": "0"}).status_code == 422
    assert signed_in.submit("/settings/api", {"requests_per_second": "50"}).status_code == 303
    assert "Up to 50 requests a second" in text_of(signed_in.get(PAGE))
