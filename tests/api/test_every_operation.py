"""What holds for each operation, found by the declarations, so that a new one is covered without being named."""

import pytest
from flask import Flask

from billingportal.api.kernel.operation import Operation
from billingportal.api.operations import all_operations
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key

OPERATIONS = pytest.mark.parametrize("one", all_operations(), ids=lambda one: one.name)


def path_of(one: Operation) -> str:
    return one.path.replace("{", "external:").replace("}", "")


@OPERATIONS
def test_it_is_closed_to_strangers(stranger: Caller, one: Operation) -> None:
    assert stranger.call(one.method, path_of(one)).problem == "unauthenticated"


@OPERATIONS
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_it_refuses_what_it_does_not_know(platform: Caller, one: Operation) -> None:
    assert platform.call(one.method, f"{path_of(one)}?unknown=1").problem in ("invalid", "idempotency_key_missing")
    given = {"json": {"unknown": 1}} if one.method != "GET" else {}
    if given:
        problem = platform.call(one.method, path_of(one), idempotency_key="k1", **given).problem
        assert problem == "invalid"


@OPERATIONS
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_its_address_takes_only_its_methods(platform: Caller, one: Operation) -> None:
    refused = platform.call("PUT", path_of(one))
    assert refused.problem == "method_not_allowed"
    assert one.method in refused.headers["Allow"].split(", ")


def test_each_mode_has_its_own_world(app: Flask, owner: Staff, platform: Caller) -> None:
    """What one mode makes, the other does not see."""
    made = platform.post("/clients", {"external_id": "c1", "name": "Harbor", "email": "a@harbor.example"})
    platform.post("/workspaces", {"client": "external:c1", "external_id": "w1", "name": "Desk"})
    live = new_key(app, owner.id, mode="live")
    assert live.get("/clients").json == {"data": [], "next": None}
    assert live.get("/workspaces").json == {"data": [], "next": None}
    for path in (f"/clients/{made.json['id']}", "/clients/external:c1"):
        assert live.get(path).problem == "client_not_found"
        assert live.delete(f"{path}/suspension").problem == "client_not_found"
    assert live.get("/workspaces/external:w1").problem == "workspace_not_found"
    assert live.patch("/workspaces/external:w1", {"name": "Mine"}).problem == "workspace_not_found"
    same = live.post("/clients", {"external_id": "c1", "name": "Harbor", "email": "a@harbor.example"})
    assert (same.status, same.json["mode"]) == (201, "live")
