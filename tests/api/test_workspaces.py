"""Workspaces over the API."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import lifecycle
from billingportal.models import AuditEntry
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller
from tests.support.people.clients import new_client

DESK = {"client": "external:c1", "external_id": "w1", "name": "Desk"}


@pytest.fixture(autouse=True)
def clients(session: Session) -> list[int]:
    return [new_client("Harbor", external_id="c1"), new_client("Bloom", external_id="c2")]


def test_a_workspace_is_made_once_for_its_external_id(platform: Caller) -> None:
    made = platform.post("/workspaces", DESK)
    assert (made.status, made.headers["Location"]) == (201, f"/api/v1/workspaces/{made.json['id']}")
    assert (made.json["name"], made.json["archived_at"]) == ("Desk", None)
    again = platform.post("/workspaces", DESK | {"name": "Other"})
    assert (again.status, again.json) == (200, made.json)
    assert platform.post("/workspaces", DESK | {"client": "external:c2"}).problem == "external_id_taken"
    assert platform.post("/workspaces", DESK | {"client": "external:c3"}).problem == "client_not_found"


def test_a_workspace_is_found_listed_and_renamed(platform: Caller, session: Session) -> None:
    made = platform.post("/workspaces", DESK).json
    platform.post("/workspaces", DESK | {"client": "external:c2", "external_id": "w2"})
    assert platform.get("/workspaces/external:w1").json == platform.get(f"/workspaces/{made['id']}").json == made
    for query, found in (
        ("", ["w1", "w2"]),
        ("?client=external:c2", ["w2"]),
        ("?external_id=w1", ["w1"]),
        ("?archived=true", []),
        ("?archived=false", ["w1", "w2"]),
    ):
        assert [one["external_id"] for one in platform.get(f"/workspaces{query}").json["data"]] == found, query
    assert platform.get("/workspaces?client=external:c3").problem == "client_not_found"
    renamed = platform.patch("/workspaces/external:w1", {"name": "Front", "external_id": "w9"})
    assert (renamed.json["name"], renamed.json["external_id"]) == ("Front", "w9")
    assert platform.patch("/workspaces/external:w9", {"external_id": "w2"}).problem == "external_id_taken"
    assert platform.get("/workspaces/ws_99").problem == "workspace_not_found"
    session.rollback()
    words = session.scalars(select(AuditEntry.summary).where(AuditEntry.action == "workspace.changed")).all()
    assert words == ["Renamed the workspace Desk to Front, and changed the ID of the workspace Front from w1 to w9"]


def test_a_workspace_moves_with_all_its_changes_or_with_none(platform: Caller, clients: list[int]) -> None:
    platform.post("/workspaces", DESK)
    path = "/workspaces/external:w1"
    refused = platform.patch(path, {"name": "Moved", "client": "external:c3"})
    assert refused.problem == "client_not_found"
    assert platform.get(path).json["name"] == "Desk"
    moved = platform.patch(path, {"name": "Moved", "client": "external:c2"})
    assert (moved.json["name"], moved.json["client"]) == ("Moved", f"cl_{clients[1]}")
    assert platform.patch(path, {"client": f"cl_{clients[1]}"}).status == 200


def test_an_archived_client_gets_no_workspace(platform: Caller, owner: Staff, clients: list[int]) -> None:
    platform.post("/workspaces", DESK)
    with transaction() as writing:
        lifecycle.archive_client(writing, clients[1], staff_id=owner.id)
    assert (
        platform.post("/workspaces", DESK | {"external_id": "w2", "client": "external:c2"}).problem == "client_archived"
    )
    assert platform.patch("/workspaces/external:w1", {"client": "external:c2"}).problem == "client_archived"


def test_a_workspace_is_archived_and_restored(platform: Caller) -> None:
    platform.post("/workspaces", DESK)
    path = "/workspaces/external:w1/archiving"
    first = platform.post(path)
    assert first.json["archived_at"] is not None
    assert platform.post(path, {}).json == first.json
    assert platform.delete(path).json["archived_at"] is None
    assert platform.delete(path).json["archived_at"] is None
