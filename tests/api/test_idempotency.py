"""The same request with the same idempotency key: one effect, one answer."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.jobs.auth import prune_answers
from billingportal.models import AuditEntry, Client, StoredAnswer
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.api.callers import Caller, Reply, new_key
from tests.support.people.clients import new_client

HARBOR = {"external_id": "4711", "name": "Harbor Dental", "email": "office@harbor.example"}


def links_made(session: Session) -> int:
    """How often a billing link was made: each has an entry in the audit log, and nothing else makes it idempotent."""
    session.rollback()
    made = select(func.count(AuditEntry.id)).where(AuditEntry.action == "client.billing_link_made")
    return session.scalar(made) or 0


@pytest.fixture
def path(session: Session) -> str:
    return f"/clients/cl_{new_client()}/billing-links"


@pytest.fixture
def other_process(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_repeated_request_gets_the_same_answer(
    platform: Caller, other_process: Flask, session: Session, path: str
) -> None:
    first = platform.post(path, idempotency_key="k1")
    again = Caller(other_process, platform.key).post(path, idempotency_key="k1")
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert links_made(session) == 1
    assert platform.post(path).json["url"]
    assert platform.post(path, idempotency_key="k2").status == 201
    assert links_made(session) == 3


def test_a_secret_has_secret_where_its_answer_is_stored(platform: Caller, session: Session, path: str) -> None:
    url = platform.post(path, idempotency_key="k1").json["url"]
    session.rollback()
    assert url.rpartition("/")[2] not in session.scalars(select(StoredAnswer.body)).one()


def test_a_secret_whose_key_is_lost_is_made_again(
    settings: Settings, platform: Caller, session: Session, path: str
) -> None:
    first = platform.post(path, idempotency_key="k1")
    app = create_app(replace(settings, secret_keys=("another-key-0123456789-0123456789",)))
    again = Caller(app, platform.key).post(path, idempotency_key="k1")
    assert (again.status, again.json["url"] != first.json["url"]) == (201, True)
    with app.app_context():
        db.engine.dispose()


def test_location_is_kept_too(platform: Caller) -> None:
    first = platform.post("/clients", HARBOR, idempotency_key="k1")
    again = platform.post("/clients", HARBOR, idempotency_key="k1")
    assert (again.status, again.json, again.headers["Location"]) == (201, first.json, first.headers["Location"])


def test_another_request_may_not_use_the_key(platform: Caller, session: Session, path: str) -> None:
    platform.post("/clients", HARBOR, idempotency_key="k1")
    for sent in (
        platform.post("/clients", HARBOR | {"name": "Harbour"}, idempotency_key="k1"),
        platform.post(path, idempotency_key="k1"),
        platform.post("/clients?", HARBOR | {"external_id": "4712"}, idempotency_key="k1"),
    ):
        assert (sent.status, sent.problem) == (422, "idempotency_key_reused")
    assert links_made(session) == 0


def test_keys_of_another_api_key_are_others(app: Flask, owner: Staff, platform: Caller, path: str) -> None:
    platform.post("/clients", HARBOR, idempotency_key="k1")
    assert new_key(app, owner.id).post(path, idempotency_key="k1").status == 201


def test_a_refusal_is_the_same_again_and_changes_nothing(platform: Caller, session: Session) -> None:
    sent = HARBOR | {"workspaces": [{"external_id": "w1", "name": "Desk"}, {"external_id": "w1", "name": "Shop"}]}
    first = platform.post("/clients", sent, idempotency_key="k1")
    assert (first.problem, first.json["errors"][0]["pointer"]) == ("external_id_taken", "/workspaces/1/external_id")
    assert session.scalar(select(func.count(Client.id))) == 0
    again = platform.post("/clients", sent, idempotency_key="k1")
    assert (again.problem, again.json) == ("external_id_taken", first.json)


def test_what_is_refused_before_it_runs_is_not_stored(platform: Caller, session: Session) -> None:
    assert platform.post("/clients", HARBOR | {"name": 7}, idempotency_key="k1").problem == "invalid"
    assert platform.post("/clients", HARBOR, idempotency_key="k1").status == 201


def test_an_answer_is_kept_for_a_day_and_then_swept(platform: Caller, session: Session, path: str) -> None:
    platform.post(path, idempotency_key="k1")
    platform.post(path, idempotency_key="k2")
    with transaction() as writing:
        old = now() - timedelta(hours=24)
        writing.execute(update(StoredAnswer).where(StoredAnswer.idempotency_key == "k1").values(created_at=old))
    prune_answers(current_portal())
    session.rollback()
    assert session.scalars(select(StoredAnswer.idempotency_key)).all() == ["k2"]
    platform.post(path, idempotency_key="k1")
    assert links_made(session) == 3


def test_a_day_later_the_key_is_free_before_it_is_swept(platform: Caller, session: Session, path: str) -> None:
    first = platform.post(path, idempotency_key="k1")
    with transaction() as writing:
        writing.execute(update(StoredAnswer).values(created_at=now() - timedelta(hours=24)))
    assert platform.post(path, idempotency_key="k1").headers.get("Idempotent-Replayed") is None
    assert (first.status, links_made(session)) == (201, 2)


@pytest.mark.both_databases
def test_many_at_once_in_two_processes_have_one_effect(
    platform: Caller, other_process: Flask, session: Session, path: str
) -> None:
    callers = [platform, Caller(other_process, platform.key)] * 4

    def sent(number: int) -> Reply:
        return callers[number % 8].post(path, idempotency_key=f"k{number // 8}")

    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(sent, range(48)))

    for key in range(6):
        mine = replies[key * 8 : key * 8 + 8]
        counted = Counter(reply.problem or reply.json["url"] for reply in mine)
        in_use = counted.pop("idempotency_key_in_use", 0)
        assert len(counted) == 1, counted
        assert in_use < 8
        assert all(reply.headers["Retry-After"] == "1" for reply in mine if reply.problem)
    assert links_made(session) == 6
