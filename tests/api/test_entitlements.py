"""Entitlements over the API: the answer, 304 while nothing changes, and many at once."""

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.clients import lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.models import ClientUsage
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key
from tests.support.usage.takers import LONG_AGO, Takers, confirm


@pytest.fixture
def takers(app: Flask, session: Session, owner: Staff) -> Takers:
    return Takers(app, owner.id)


def test_the_answer_comes_once_and_then_304(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    path = f"/clients/cl_{taker.client_id}/entitlements"
    first = platform.get(path)
    tag = first.headers["ETag"]

    again = platform.get(path, headers={"If-None-Match": f'"other", W/{tag}'})

    assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache")
    assert (again.status, again.json, again.headers["ETag"]) == (304, None, tag)
    assert platform.get(path, headers={"If-None-Match": '"other"'}).json == first.json
    taker.granted(1)
    changed = platform.get(path, headers={"If-None-Match": tag})
    assert (changed.status, changed.headers["ETag"] == tag) == (200, False)
    assert changed.json["revision"] > first.json["revision"]


def test_the_plan_is_named_by_the_key_that_the_catalog_lists(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(1)
    listed = platform.get(f"/clients/cl_{taker.client_id}").json["plan"]
    wish = {"workspace": f"external:{taker.workspace}", "resource": taker.resource_key, "quantity": 2}

    refused = platform.post("/reservations", wish, idempotency_key="too-many")

    assert platform.get(f"/clients/cl_{taker.client_id}/entitlements").json["plan"] == listed
    assert refused.json["plan"] == listed


def test_a_304_and_an_answer_are_one_read_each(app: Flask, platform: Caller, takers: Takers) -> None:
    path = f"/workspaces/external:{takers.taker(10).workspace}/entitlements"
    tag = platform.get(path).headers["ETag"]
    statements: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        platform.get(path, headers={"If-None-Match": tag})
        assert len(statements) == 1
        platform.get(path)
        assert len(statements) == 2
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_workspace_is_answered_as_its_client(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    by_client = platform.get(f"/clients/cl_{taker.client_id}/entitlements")
    by_workspace = platform.get(f"/workspaces/external:{taker.workspace}/entitlements")

    assert by_client.json == by_workspace.json
    assert by_client.headers["ETag"] == by_workspace.headers["ETag"]


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"x"'}])
def test_who_is_unknown_or_of_another_mode_is_not_found(
    app: Flask, platform: Caller, takers: Takers, owner: Staff, headers: dict[str, str]
) -> None:
    taker = takers.taker(10)
    live = new_key(app, owner.id, mode="live")

    assert live.get(f"/clients/cl_{taker.client_id}/entitlements", headers=headers).problem == "client_not_found"
    assert platform.get("/clients/external:x/entitlements", headers=headers).problem == "client_not_found"
    assert platform.get("/workspaces/ws_9999/entitlements", headers=headers).problem == "workspace_not_found"


def test_a_suspension_is_told_with_its_reason(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    with transaction() as session:
        lifecycle.suspend_client(session, taker.client_id, "Sends spam", author=by_staff(takers.staff_id))

    found = platform.get(f"/clients/cl_{taker.client_id}/entitlements").json

    assert (found["access"], found["standing"]) == ("suspended", "suspended")
    assert "Sends spam" in " ".join(found["reasons"])
    assert not any(one["may_add_one"] for one in found["resources"])


def test_a_period_that_is_over_is_ended_by_the_question(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    confirm(taker.granted(4))
    path = f"/clients/cl_{taker.client_id}/entitlements"
    with transaction() as session:
        for row in session.query(ClientUsage).filter_by(resource_id=taker.resource_id):
            row.used, row.period_starts_at, row.period_ends_at = 9, *LONG_AGO
    tag = platform.get(path).headers["ETag"]

    found = platform.get(path, headers={"If-None-Match": tag})

    assert found.status == 304
    assert [one["used"] for one in platform.get(path).json["resources"] if one["resource"] == taker.resource_key] == [4]


def test_many_are_answered_at_once_with_errors_of_their_own(platform: Caller, takers: Takers) -> None:
    one, other = takers.taker(10), takers.taker(20)
    body = {
        "clients": [f"cl_{one.client_id}", "nonsense"],
        "workspaces": [f"external:{other.workspace}", "external:x"],
        "resources": [other.resource_key],
    }

    data = platform.post("/entitlements/queries", body).json["data"]

    assert [item["client"] or item["workspace"] for item in data] == body["clients"] + body["workspaces"]
    assert [item["error"] and item["error"]["type"].rpartition("/")[2] for item in data] == [
        None,
        "client_not_found",
        None,
        "workspace_not_found",
    ]
    assert [found["limit"] for found in data[2]["entitlements"]["resources"]] == [20]
    single = platform.get(f"/clients/cl_{one.client_id}/entitlements")
    assert data[0]["etag"] == single.headers["ETag"]
    too_many = {"clients": ["cl_1"] * 60, "workspaces": ["ws_1"] * 41}
    assert platform.post("/entitlements/queries", too_many).problem == "invalid"
