"""Every problem is provoked, and says where it comes from."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.api import settings as api_settings
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key
from tests.support.people.clients import new_client

HARBOR = {"external_id": "4711", "name": "Harbor Dental", "email": "office@harbor.example"}
JSON = {"Content-Type": "application/json"}


def test_whatever_is_below_the_api_is_json(app: Flask, stranger: Caller) -> None:
    for path in ("/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/clients", "/api/v1/nothing", "/api/v1/clients/"):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
        assert answer.json == {
            "type": "/api/v1/problems/not_found",
            "title": "There is nothing at this address",
            "status": 404,
            "detail": "There is no operation at this address.",
            "instance": path,
        }
    assert app.test_client().get("/api-keys").content_type.startswith("text/html")


def test_a_method_that_no_operation_takes_names_those_that_are(platform: Caller) -> None:
    refused = platform.call("PUT", "/clients")
    assert (refused.problem, refused.headers["Allow"]) == ("method_not_allowed", "GET, HEAD, POST")
    assert platform.call("OPTIONS", "/clients/cl_1/suspension").headers["Allow"] == "DELETE, POST"


def test_head_is_get_without_the_body(app: Flask, platform: Caller) -> None:
    headers = {"Authorization": f"Bearer {platform.key}"}
    answer = app.test_client().head("/api/v1/clients", headers=headers)
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_an_answer_brings_no_page_headers_and_no_cookie(app: Flask, platform: Caller) -> None:
    platform.get("/clients")
    answer = app.test_client().get("/api/v1/clients", headers={"Authorization": f"Bearer {platform.key}"})
    assert sorted(answer.headers.keys()) == [
        "Cache-Control",
        "Content-Length",
        "Content-Type",
        "RateLimit",
        "RateLimit-Policy",
        "Request-Id",
        "X-Content-Type-Options",
    ]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"data": "{", "headers": JSON}, "malformed"),
        ({"data": '{"name": 1, "name": 2}', "headers": JSON}, "malformed"),
        ({"data": '{"name": "\\u0000"}', "headers": JSON}, "malformed"),
        ({"data": '{"name": "\\ud800"}', "headers": JSON}, "malformed"),
        ({"data": b"\xff", "headers": JSON}, "malformed"),
        ({"data": "[" * 100 + "]" * 100, "headers": JSON}, "malformed"),
        ({"data": "{}", "headers": {"Content-Type": "text/plain"}}, "not_json"),
        ({"data": "{}", "headers": {"Content-Type": "application/json; charset=latin-1"}}, "not_json"),
        ({"data": {"name": "Harbor"}}, "not_json"),
        ({}, "not_json"),
        ({"data": "x" * (1024 * 1024 + 1), "headers": JSON}, "too_large"),
        ({"json": HARBOR, "headers": {"Idempotency-Key": "a b"}}, "malformed"),
        ({"json": HARBOR, "headers": {"Idempotency-Key": "k" * 256}}, "malformed"),
        ({"json": []}, "invalid"),
        ({"json": HARBOR | {"admin": True}}, "invalid"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(platform: Caller, sent: dict[str, Any], problem: str) -> None:
    assert platform.call("POST", "/clients", **sent).problem == problem


def test_each_wrong_field_is_named_by_its_pointer(platform: Caller) -> None:
    sent = {"external_id": "", "name": 7, "workspaces": [{"external_id": "a", "name": "A"}, {"a/b~": 1, "name": "B"}]}
    refused = platform.post("/clients", sent)
    assert refused.problem == "invalid"
    assert {(one["pointer"], one["detail"]) for one in refused.json["errors"]} == {
        ("/external_id", "String should have at least 1 character."),
        ("/name", "It has to be text."),
        ("/email", "It is missing."),
        ("/workspaces/1/external_id", "It is missing."),
        ("/workspaces/1/a~1b~0", "There is no such field."),
    }
    assert refused.json["detail"] == "5 fields are wrong."


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1&limit=1", "limit"),
        ("after=x", "after"),
        ("after=YWZ0ZXI6MDE", None),
        ("page=2", "page"),
        ("standing=rich", "standing"),
    ],
)
def test_each_wrong_parameter_is_named(platform: Caller, query: str, named: str | None) -> None:
    answer = platform.get(f"/clients?{query}")
    if named is None:
        assert answer.status == 200
    else:
        assert (answer.problem, [one["parameter"] for one in answer.json["errors"]]) == ("invalid", [named])


@pytest.mark.parametrize("path", ["/clients/%ff", "/clients/a%00b", "/clients?email=%ff", "/clients?email=%00"])
def test_an_address_that_is_no_text_is_malformed(platform: Caller, path: str) -> None:
    assert platform.get(path).problem == "malformed"


def test_the_callers_request_id_comes_back_if_it_is_sane(platform: Caller) -> None:
    assert platform.get("/clients", headers={"Request-Id": "a1-b2.c3"}).headers["Request-Id"] == "a1-b2.c3"
    for insane in ("", "a b", "é", "x" * 101, "-a", 'a"'):
        assert platform.get("/clients", headers={"Request-Id": insane}).headers["Request-Id"].startswith("req_")


def test_a_key_may_send_so_many_requests_a_second(app: Flask, session: Session, owner: Staff, platform: Caller) -> None:
    with transaction() as writing:
        api_settings.change_requests_per_second(writing, "1", staff_id=owner.id)
    answers = [platform.get("/resources") for _ in range(8)]
    refused = [one for one in answers if one.problem == "rate_limited"]
    assert refused, "eight requests within seven seconds, at one a second"
    assert (refused[0].headers["Retry-After"], answers[0].headers["RateLimit-Policy"]) == ("1", '"second";q=1;w=1')
    assert answers[0].headers["RateLimit"] == '"second";r=0;t=1'
    assert new_key(app, owner.id).get("/resources").status == 200


@pytest.fixture
def lost_column(session: Session) -> Iterator[None]:
    """A column is missing. It comes back afterwards: the tables of PostgreSQL are those of the next test too."""
    with transaction() as writing:
        writing.execute(text("ALTER TABLE resource RENAME COLUMN unit TO lost"))
    yield
    with transaction() as writing:
        writing.execute(text("ALTER TABLE resource RENAME COLUMN lost TO unit"))


@pytest.mark.usefixtures("lost_column")
def test_a_failure_inside_says_nothing_but_a_reference(platform: Caller, caplog: pytest.LogCaptureFixture) -> None:
    answer = platform.get("/resources", headers={"Request-Id": "look-me-up"})
    assert answer.problem == "internal"
    assert "look-me-up" in answer.json["detail"]
    assert "unit" not in str(answer.json)
    assert "look-me-up" in caplog.text
    assert "resource.unit" in caplog.text


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_away_is_unavailable(settings: Settings, tmp_path: Path, kind: str) -> None:
    urls = {
        "sqlite": f"sqlite:///{tmp_path}/nowhere/portal.db",
        "postgresql": "postgresql+psycopg://portal@127.0.0.1:1/portal",
    }
    app = create_app(replace(settings, database_url=urls[kind]))
    answer = Caller(app, "bp_test_somebodys").get("/clients")
    assert (answer.status, answer.problem, answer.headers["Retry-After"]) == (503, "unavailable", "10")


def test_every_problem_of_a_client_is_named(app: Flask, platform: Caller, session: Session) -> None:
    new_client("Harbor", external_id="4711")
    assert platform.post("/clients", HARBOR).status == 200
    other = platform.post("/clients", HARBOR | {"external_id": "4712"})
    assert other.status == 201
    taken = platform.patch("/clients/external:4712", {"external_id": "4711"})
    assert (taken.problem, taken.json["errors"][0]["pointer"]) == ("external_id_taken", "/external_id")
