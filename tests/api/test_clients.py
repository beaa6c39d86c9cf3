"""Clients over the API."""

from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import lifecycle
from billingportal.models import AuditEntry, Client
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import new_client

HARBOR = {"external_id": "4711", "name": "Harbor Dental", "email": "office@harbor.example"}


def test_a_client_is_found_by_our_id_and_by_the_platforms(platform: Caller, session: Session) -> None:
    client_id = new_client(external_id="org 4711/ä")
    found = platform.get(f"/clients/cl_{client_id}")
    assert (found.status, found.json["id"], found.json["external_id"]) == (200, f"cl_{client_id}", "org 4711/ä")
    assert platform.get(f"/clients/external:{quote('org 4711/ä', safe='')}").json == found.json
    assert found.json["created_at"].endswith("Z")


def test_a_client_of_another_mode_does_not_exist(app: Flask, platform: Caller, owner: Staff, session: Session) -> None:
    client_id = new_client(mode="live", external_id="acme")
    live = new_key(app, owner.id, mode="live")
    for path in (f"/clients/cl_{client_id}", "/clients/external:acme"):
        assert platform.get(path).problem == "client_not_found"
        assert live.get(path).status == 200


def test_what_is_no_reference_is_no_client(platform: Caller) -> None:
    for text in ("cl_", "cl_0", "cl_007", "cl_x", "ws_1", "7", "external:", "cl_99999999999999999999", "cl_-1", "cl_٣"):
        assert platform.get(f"/clients/{quote(text, safe='')}").problem == "client_not_found"


def test_a_client_is_made_once_for_its_external_id(platform: Caller, owner: Staff, session: Session) -> None:
    new_plan(owner.id, "Free", is_active=True)
    made = platform.post("/clients", HARBOR | {"workspaces": [{"external_id": "w1", "name": "Desk"}], "plan": "free"})
    assert made.status == 201
    assert made.json | {"created_at": ""} == {
        "id": made.json["id"],
        "external_id": "4711",
        "name": "Harbor Dental",
        "email": "office@harbor.example",
        "mode": "test",
        "standing": "free",
        "access": "full",
        "plan": {"key": "free", "name": "Free"},
        "created_at": "",
        "suspended_at": None,
        "archived_at": None,
    }
    assert platform.get(made.headers["Location"].removeprefix("/api/v1")).json == made.json
    again = platform.post("/clients", HARBOR | {"name": "Other"})
    assert (again.status, again.json) == (200, made.json)
    assert session.scalars(select(Client.source)).all() == ["api"]
    assert [one["external_id"] for one in platform.get("/workspaces").json["data"]] == ["w1"]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"plan": "growth"}, "/plan"),
        ({"plan": "nothing"}, "/plan"),
        ({"email": "nobody"}, "/email"),
        ({"name": "  "}, "/name"),
        ({"workspaces": [{"external_id": "w1", "name": " "}]}, "/workspaces/0/name"),
    ],
)
def test_what_the_portal_refuses_names_the_field(
    platform: Caller, owner: Staff, session: Session, given: dict[str, object], pointer: str
) -> None:
    new_plan(owner.id, "Growth", is_active=True, is_on_request=True)
    refused = platform.post("/clients", HARBOR | given)
    assert (refused.problem, [one["pointer"] for one in refused.json["errors"]]) == ("invalid", [pointer])
    assert session.scalars(select(Client)).all() == []


def test_clients_are_listed_page_by_page_and_filtered(platform: Caller, owner: Staff, session: Session) -> None:
    made = [new_client(f"Client {number}", external_id=f"c{number}") for number in range(5)]
    with transaction() as writing:
        lifecycle.archive_client(writing, made[4], staff_id=owner.id)
    ids, after = [], ""
    while True:
        page = platform.get(f"/clients?limit=2{after}").json
        ids += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert ids == [f"cl_{one}" for one in made]
    for query, found in (
        ("external_id=c3", [3]),
        ("email=OFFICE%40client1.example", [1]),
        ("standing=archived", [4]),
        ("standing=free", [0, 1, 2, 3]),
        ("standing=free&external_id=c4", []),
    ):
        listed = platform.get(f"/clients?{query}").json["data"]
        assert [one["external_id"] for one in listed] == [f"c{number}" for number in found], query


def test_a_change_touches_only_what_is_sent(platform: Caller, session: Session) -> None:
    new_client("Harbor", "a@harbor.example", external_id="4711")
    path = "/clients/external:4711"
    assert platform.patch(path, {}).json["name"] == "Harbor"
    changed = platform.patch(path, {"name": "Harbour"})
    assert (changed.json["name"], changed.json["email"]) == ("Harbour", "a@harbor.example")
    assert platform.patch(path, {"email": "b@harbor.example"}).json["email"] == "b@harbor.example"
    assert platform.patch(path, {"name": None}).json["errors"][0]["pointer"] == "/name"
    assert platform.patch(path, {"external_id": None}).json["external_id"] is None
    assert platform.get(path).problem == "client_not_found"
    session.rollback()
    acts = session.scalars(select(AuditEntry.summary).where(AuditEntry.action == "client.changed")).all()
    assert len(acts) == 3


def test_another_clients_external_id_is_taken(platform: Caller, session: Session) -> None:
    new_client("Harbor", external_id="4711")
    new_client("Bloom", external_id="4712")
    taken = platform.patch("/clients/external:4712", {"external_id": "4711"})
    assert (taken.status, taken.problem) == (409, "external_id_taken")
    assert taken.json["errors"][0]["pointer"] == "/external_id"
