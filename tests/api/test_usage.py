"""Usage over the API: reported in batches, taken back, and read again."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.models import Resource
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key
from tests.support.people.clients import new_client


@pytest.fixture
def harbor(session: Session) -> int:
    """A client of test mode with the workspace `desk`, and the counter `messages`; its id."""
    with transaction() as writing:
        counter = Resource(key="messages", name="Messages", unit="messages", kind="counter", created_at=clock.now())
        writing.add(counter)
    return new_client(external_id="harbor", workspace_name="Desk", workspace_external_id="desk")


def record(key: str, **given: object) -> dict[str, object]:
    workspace = {} if "client" in given else {"workspace": "external:desk"}
    return {"key": key, "resource": "messages", **workspace, **given}


def test_a_batch_is_answered_record_by_record(platform: Caller, harbor: int) -> None:
    batch = {
        "records": [record("b", quantity=3), record("a", quantity=4), record("c", level=1), record("d", quantity=-1)]
    }

    first, again = platform.post("/usage", batch), platform.post("/usage", batch)

    assert {name: first.json[name] for name in ("accepted", "duplicates", "refused")} == {
        "accepted": 2,
        "duplicates": 0,
        "refused": 2,
    }
    assert first.json["records"] == [
        {"key": "b", "result": "accepted", "reason": None, "used": 7, "limit": None, "over": False},
        {"key": "a", "result": "accepted", "reason": None, "used": 7, "limit": None, "over": False},
        {"key": "c", "result": "refused", "reason": "wrong_kind", "used": 7, "limit": None, "over": False},
        {"key": "d", "result": "refused", "reason": "out_of_range", "used": 7, "limit": None, "over": False},
    ]
    assert (again.json["accepted"], again.json["duplicates"], again.json["refused"]) == (0, 2, 2)


def test_an_answer_is_repeated_for_its_idempotency_key(platform: Caller, harbor: int) -> None:
    batch = {"records": [record("a", quantity=3)]}
    answers = [platform.post("/usage", batch, idempotency_key="k1").json for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["accepted"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 1, "level": 1},
        {},
        {"quantity": 1, "client": "external:harbor", "workspace": "external:desk"},
        {"quantity": 1.5},
        {"quantity": 1, "at": "yesterday"},
        {"quantity": 1, "at": "2026-11-26T10:02:00"},
        {"quantity": 1, "key": ""},
        {"quantity": 1, "key": "x" * 121},
        {"quantity": 1, "colour": "red"},
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_has_another_shape_is_refused_as_a_whole(platform: Caller, harbor: int, wrong: dict[str, object]) -> None:
    body = {"records": [record("ok", quantity=1), {**record("a"), **wrong}]}
    refused = platform.post("/usage", body)
    assert refused.problem == "invalid"
    assert refused.json["errors"][0]["pointer"].startswith("/records/1")
    assert platform.post("/usage", {"records": [record("ok", quantity=1)]}).json["accepted"] == 1


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_names_and_times_that_cannot_be_are_refused_one_by_one(platform: Caller, harbor: int) -> None:
    sent = [
        record("a", quantity=10**40),
        record("b", quantity=1, workspace="external:" + "x" * 500),
        record("c", quantity=1, workspace="ws_99999999999999999999"),
        record("d", quantity=1, at="0001-01-01T00:00:00+14:00"),
        record("e", quantity=1, at="9999-12-31T23:59:59-14:00"),
        record("f", quantity=1, client="cl_x"),
        record('ä\\"{},NULL', quantity=2),
    ]
    answer = platform.post("/usage", {"records": sent})
    assert [one["reason"] for one in answer.json["records"]] == [
        "out_of_range",
        "unknown_workspace",
        "unknown_workspace",
        "too_old",
        "in_the_future",
        "unknown_client",
        None,
    ]


def test_a_record_is_taken_back_once(platform: Caller, harbor: int) -> None:
    platform.post("/usage", {"records": [record("a/1 ä", quantity=5), record("b", quantity=2)]})

    taken_back = platform.delete("/usage/a%2F1%20%C3%A4?reason=Twice")
    again = platform.delete("/usage/a%2F1%20%C3%A4?reason=Once+more")

    assert (taken_back.json["used"], taken_back.json["reason"]) == (2, "Twice")
    assert again.json == taken_back.json
    assert platform.post("/usage", {"records": [record("a/1 ä", quantity=5)]}).json["duplicates"] == 1
    assert platform.delete("/usage/nobody?reason=Twice").problem == "not_found"
    assert platform.delete("/usage/b").problem == "invalid"


def test_what_was_counted_is_listed_by_day_by_period_and_record_by_record(platform: Caller, harbor: int) -> None:
    now = clock.now()
    before = now - timedelta(days=1)
    platform.post(
        "/usage",
        {
            "records": [
                record("a", quantity=5),
                record("b", quantity=2),
                record("c", quantity=4, at=before.isoformat()),
                record("d", level=40, resource="contacts"),
            ]
        },
    )

    days = platform.get("/usage?client=external:harbor&workspace=external:desk&resource=messages").json["data"]
    assert {(one["day"], one["used"]) for one in days} == {(str(now.date()), 7), (str(before.date()), 4)}
    today = platform.get(f"/usage?client=external:harbor&resource=messages&from={now.date()}&to={now.date()}")
    assert [one["used"] for one in today.json["data"]] == [7]
    periods = platform.get("/usage?client=external:harbor&group=period").json["data"]
    assert sum(one["used"] for one in periods) == 11
    first = platform.get(f"/usage/records?client=cl_{harbor}&limit=3").json
    rest = platform.get(f"/usage/records?client=cl_{harbor}&limit=3&after={first['next']}").json
    assert [one["key"] for one in first["data"] + rest["data"]] == ["a", "b", "c", "d"]
    assert (rest["data"][0]["level"], rest["data"][0]["quantity"], rest["next"]) == (40, None, None)
    assert platform.get("/usage?client=external:harbor&group=period&workspace=external:desk").problem == "invalid"
    assert platform.get("/usage?client=external:nobody").problem == "client_not_found"
    assert platform.get("/usage?client=external:harbor&resource=faxes").problem == "resource_not_found"
    edges = "from=0001-01-01T00:00:00%2B14:00"
    assert platform.get(f"/usage/records?client=external:harbor&{edges}").problem == "invalid"


def test_a_key_of_live_mode_reports_nothing_in_test_mode(
    app: Flask, owner: Staff, platform: Caller, harbor: int
) -> None:
    live = new_key(app, owner.id, mode="live")
    answer = live.post("/usage", {"records": [record("a", quantity=1)]})
    assert answer.json["records"][0]["reason"] == "unknown_workspace"
    platform.post("/usage", {"records": [record("a", quantity=1)]})
    assert live.delete("/usage/a?reason=Mine").problem == "not_found"
