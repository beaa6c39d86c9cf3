"""Keys of the API: what each may do, how it ends, and who sees what of it."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.api.kernel import key_ring
from billingportal.api.operations import all_operations
from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.auth import api_keys
from billingportal.domain.common.form_errors import FormErrors
from billingportal.models import ApiKey, AuditEntry
from billingportal.models.auth.api_key import SCOPES, Scope
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key
from tests.support.people.clients import new_client


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are believed for no time at all, so that no test waits for seconds."""
    monkeypatch.setattr(key_ring, "BELIEVED", 0)


@pytest.fixture
def other_process(settings: Settings) -> Iterator[Flask]:
    """The same portal with a memory of its own, as another process has."""
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


def only_key(session: Session) -> ApiKey:
    session.rollback()
    return session.scalars(select(ApiKey)).one()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_does_the_work_of_its_scopes_only(app: Flask, owner: Staff, scope: Scope) -> None:
    caller = new_key(app, owner.id, scopes=(scope,))
    for one in all_operations():
        path = one.path.replace("{", "external:").replace("}", "")
        answer = caller.call(one.method, path, json=None if one.body is None else {})
        assert (answer.problem == "scope_missing") is (one.scope != scope), one.name


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer bp_test_unknown", "Bearer é", "bp_test_unknown", "Bearer a b"],
)
def test_without_a_key_there_is_nothing(stranger: Caller, authorization: str) -> None:
    answer = stranger.get("/clients", headers={"Authorization": authorization.encode().decode("latin-1")})
    assert (answer.problem, answer.headers["WWW-Authenticate"]) == ("unauthenticated", "Bearer")
    assert "RateLimit" not in answer.headers


def test_a_key_is_256_random_bits_and_is_stored_as_a_hash(platform: Caller, session: Session) -> None:
    row = only_key(session)
    assert platform.key is not None
    assert len(platform.key.removeprefix("bp_test_")) == 43
    assert row.shown == f"{platform.key[:12]}…{platform.key[-4:]}"
    assert platform.key not in str([vars(one) for one in session.scalars(select(AuditEntry))])
    assert platform.key not in str(vars(row))


def test_a_revoked_key_stops_in_every_process(
    app: Flask, other_process: Flask, owner: Staff, platform: Caller, session: Session, hurried: None
) -> None:
    elsewhere = Caller(other_process, platform.key)
    assert (platform.get("/clients").status, elsewhere.get("/clients").status) == (200, 200)
    key_id = only_key(session).id
    with transaction() as writing:
        api_keys.revoke_key(writing, key_id, mode="test", staff_id=owner.id)
    for caller in (platform, elsewhere):
        assert caller.get("/clients").json["detail"] == "The API key is revoked."


def test_a_key_is_believed_for_less_than_five_seconds() -> None:
    assert 0 < key_ring.BELIEVED < 5


def test_a_key_that_is_believed_costs_no_query_and_still_ends_in_time(
    app: Flask, owner: Staff, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = now() + timedelta(hours=1)
    caller = new_key(app, owner.id, expires_at=end)
    assert caller.get("/resources").status == 200
    monkeypatch.setattr(key_ring, "now", lambda: end)
    assert caller.get("/resources").json["detail"] == "The API key has expired."


def test_a_key_does_not_begin_in_the_past(app: Flask, owner: Staff) -> None:
    with pytest.raises(FormErrors, match="future"):
        new_key(app, owner.id, expires_at=now())


def test_last_used_is_noted_once_a_minute_after_the_answer(platform: Caller, session: Session) -> None:
    assert only_key(session).last_used_at is None
    platform.get("/resources")
    first = only_key(session).last_used_at
    assert first is not None
    platform.get("/resources")
    assert only_key(session).last_used_at == first


def test_an_act_over_the_api_names_its_key_in_the_audit_log(
    app: Flask, owner: Staff, platform: Caller, session: Session
) -> None:
    client_id = new_client("Harbor")
    platform.post(f"/clients/cl_{client_id}/suspension", {"reason": "Spam"})
    session.rollback()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.suspended")).one()
    assert (entry.actor, entry.staff_id, entry.api_key_id) == ("api", None, only_key(session).id)


def test_keys_are_listed_renamed_and_found_in_their_mode(app: Flask, owner: Staff, session: Session) -> None:
    new_key(app, owner.id, name="Old")
    new_key(app, owner.id, mode="live", name="Live")
    new_key(app, owner.id, name="New")
    with transaction() as writing:
        newest, _ = api_keys.listed_keys(writing, "test")
        api_keys.rename_key(writing, newest.id, "  Newest  one ", mode="test", staff_id=owner.id)
        api_keys.revoke_key(writing, newest.id, mode="test", staff_id=owner.id)
        assert api_keys.find_key(writing, newest.id, "live") is None
    assert [(one.name, one.state_at(now())) for one in api_keys.listed_keys(session, "test")] == [
        ("Old", "active"),
        ("Newest one", "revoked"),
    ]
    acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == ["api_key.created"] * 3 + ["api_key.renamed", "api_key.revoked"]


def test_no_log_shows_a_key(platform: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    platform.get("/clients")
    assert platform.key is not None
    assert platform.key not in caplog.text
