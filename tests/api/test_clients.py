"""Clients over the API."""

from urllib.parse import quote

from flask import Flask
from sqlalchemy.orm import Session

from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key
from tests.support.people.clients import new_client


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
