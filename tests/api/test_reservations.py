"""Reservations over the API, and many askers on two processes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy.orm import Session

from benchmarks.databases import SECRET_KEY
from benchmarks.servers import serving
from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, Reply, new_key
from tests.support.usage.takers import Stand, Taker, Takers, pool_of, run_out

KEYS = count(1)
ASKERS = 16


@pytest.fixture
def takers(app: Flask, session: Session, owner: Staff) -> Takers:
    return Takers(app, owner.id)


def reserve(platform: Caller, taker: Taker, quantity: int = 1, **given: Any) -> Reply:
    body = {"workspace": f"external:{taker.workspace}", "resource": taker.resource_key, "quantity": quantity, **given}
    return platform.post("/reservations", body, idempotency_key=f"key-{next(KEYS)}")


def test_units_are_reserved_confirmed_and_looked_at(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    granted = reserve(platform, taker, 4, expires_in=60)
    path = f"/reservations/{granted.json['id']}"

    assert granted.status == 201
    assert {**granted.json, "id": "", "expires_at": ""} == {
        "id": "",
        "granted": True,
        "expires_at": "",
        "used": 0,
        "reserved": 4,
        "limit": 10,
        "remaining": 6,
        "over": False,
    }
    confirmed = platform.post(f"{path}/confirmation", {"quantity": 3})
    assert (confirmed.status, confirmed.json["granted"], confirmed.json["used"]) == (200, True, 3)
    assert platform.post(f"{path}/confirmation", {"quantity": 3}).json == confirmed.json
    assert platform.get(path).json["state"] == "confirmed"
    assert platform.delete(path).problem == "reservation_settled"
    assert platform.post(f"{path}/confirmation", {}).problem == "reservation_settled"


def test_a_refusal_says_why_and_where_to_get_more(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)

    refused = reserve(platform, taker, 11)

    assert refused.status == 200
    assert refused.json["plan"]["name"].startswith("Plan ")
    assert {**refused.json, "plan": None, "upgrade_url": refused.json["upgrade_url"][-20:]} == {
        "granted": False,
        "reason": "limit_reached",
        "used": 0,
        "reserved": 0,
        "limit": 10,
        "plan": None,
        "upgrade_url": "/portal/billing/plan",
    }


def test_the_same_idempotency_key_reserves_once(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    body = {"workspace": f"external:{taker.workspace}", "resource": taker.resource_key, "quantity": 4}

    first = platform.post("/reservations", body, idempotency_key="one")
    second = platform.post("/reservations", body, idempotency_key="one")

    assert first.json == second.json
    assert taker.stand == Stand(0, 4)
    assert platform.post("/reservations", body).problem == "idempotency_key_missing"


def test_releasing_twice_is_fine(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    path = f"/reservations/{reserve(platform, taker, 4).json['id']}"

    assert platform.delete(path).json["state"] == "released"
    assert platform.delete(path).json["state"] == "released"
    assert taker.stand == Stand(0, 0)
    assert platform.post(f"{path}/confirmation", {}).problem == "reservation_settled"


def test_one_that_is_confirmed_too_late_may_be_refused(platform: Caller, takers: Takers) -> None:
    taker = takers.taker(10)
    late = reserve(platform, taker, 4).json["id"]
    run_out([int(late.removeprefix("rsv_"))])
    reserve(platform, taker, 10)

    answer = platform.post(f"/reservations/{late}/confirmation", {}).json

    assert (answer["granted"], answer["reason"], answer["quantity"]) == (False, "limit_reached", 0)


def test_what_is_wrong_is_said(app: Flask, platform: Caller, takers: Takers, owner: Staff) -> None:
    taker = takers.taker(10)
    nobody = Taker(taker.client_id, "nobody", taker.resource_id, taker.resource_key)
    nothing = Taker(taker.client_id, taker.workspace, taker.resource_id, "nothing")
    assert reserve(platform, nobody).problem == "workspace_not_found"
    assert reserve(platform, nothing).problem == "resource_not_found"
    for given in ({"quantity": 0}, {"quantity": 10**12 + 1}, {"expires_in": 9}, {"expires_in": 86401}, {"more": 1}):
        assert reserve(platform, taker, **given).problem == "invalid"
    for text in ("rsv_0", "rsv_99999", "external:1", "rsv_99999999999999999999999"):
        assert platform.get(f"/reservations/{text}").problem == "reservation_not_found"
        assert platform.delete(f"/reservations/{text}").problem == "reservation_not_found"
        assert platform.post(f"/reservations/{text}/confirmation", {}).problem == "reservation_not_found"
    mine = reserve(platform, taker, 2).json["id"]
    assert platform.post(f"/reservations/{mine}/confirmation", {"quantity": 3}).problem == "invalid"
    live = new_key(app, owner.id, mode="live")
    assert live.get(f"/reservations/{mine}").problem == "reservation_not_found"
    reading = new_key(app, owner.id, scopes=("read",))
    assert reserve(reading, taker).problem == "scope_missing"
    takers.archive_workspace(taker)
    assert reserve(platform, taker).problem == "invalid"


@contextmanager
def two_processes(settings: Settings) -> Iterator[str]:
    """The address of the API, served by two processes."""
    environment = {
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_DATA_DIR": str(settings.data_dir),
        "PORTAL_SECRET_KEYS": SECRET_KEY,
    }
    with serving("wsgi:app", 2, 8, environment) as server:
        yield f"http://127.0.0.1:{server.port}/api/v1"


def ask_at_once(address: str, key: str, bodies: list[dict[str, object]]) -> Counter[int]:
    """Send all of it by ASKERS connections; how often each status came."""

    def send(numbered: tuple[int, dict[str, object]]) -> int:
        number, body = numbered
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"crowd-{number}"}
        while True:
            answer = requests.post(f"{address}/reservations", json=body, headers=headers, timeout=30)
            if answer.status_code != 429:
                return answer.status_code

    with ThreadPoolExecutor(ASKERS) as pool:
        return Counter(pool.map(send, enumerate(bodies)))


@pytest.mark.both_databases
def test_200_askers_on_two_processes_get_what_there_is(settings: Settings, platform: Caller, takers: Takers) -> None:
    """First the last 50 units of one client; then a tighter pool over two clients."""
    single, one = takers.taker(50), takers.taker(50)
    other = takers.taker(50, resource_id=one.resource_id)
    takers.set_pool(one.resource_id, 60)
    bodies = [
        {"workspace": f"external:{taker.workspace}", "resource": taker.resource_key, "quantity": 1}
        for taker in ([single] * 200 + [one, other] * 100)
    ]
    with two_processes(settings) as address:
        assert ask_at_once(address, str(platform.key), bodies) == {201: 110, 200: 290}
    assert single.stand == Stand(0, 50)
    assert one.stand.reserved + other.stand.reserved == 60
    assert pool_of(one.resource_id) == Stand(0, 60)
