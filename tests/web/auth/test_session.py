from datetime import timedelta

from flask import Flask
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.models import BrowserSession
from billingportal.models.auth.staff import Staff
from billingportal.web.auth.session import PUBLIC_BLUEPRINTS, require_role
from tests.support.pages import PARTIAL, Visitor, text_of


def test_every_door_but_the_listed_ones_is_closed_to_strangers(app: Flask, client: Visitor) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in PUBLIC_BLUEPRINTS:
            continue
        path = rule.build(dict.fromkeys(rule.arguments, "1"), append_unknown=False)
        assert path is not None
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(path[1], method=method)
            assert answer.status_code == 303, (method, path[1])
            assert answer.location.startswith("/sign-in")


def test_a_stranger_comes_back_to_the_page_after_sign_in(client: Visitor) -> None:
    assert client.get("/profile?tab=1").location == "/sign-in?next=/profile?tab%3D1"
    assert client.get("/").location == "/sign-in"


def test_htmx_is_led_to_sign_in_by_a_header(client: Visitor) -> None:
    answer = client.get("/profile", headers=PARTIAL)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_session_ends_after_twelve_hours(app: Flask, signed_in: Visitor) -> None:
    with app.app_context(), transaction() as session:
        row = session.scalars(select(BrowserSession)).one()
        assert row.expires_at - row.started_at == timedelta(hours=12)
        row.expires_at = clock.now()
    assert signed_in.get("/profile").status_code == 303


def test_looking_at_pages_does_not_make_a_session_longer(signed_in: Visitor) -> None:
    signed_in.get("/profile")
    assert "Set-Cookie" not in signed_in.get("/profile").headers


def test_a_session_ends_when_access_is_withdrawn(app: Flask, signed_in: Visitor, owner: Staff) -> None:
    with app.app_context(), transaction() as session:
        session.get_one(Staff, owner.id).withdraw_access()
    assert signed_in.get("/profile").status_code == 303


def test_a_session_that_names_nobody_is_a_stranger(client: Visitor, owner: Staff) -> None:
    client.become(owner)
    with client.session_transaction() as session:
        session["_user_id"] = "nobody's token"
    assert client.get("/profile").status_code == 303


def test_signed_in_pages_are_kept_by_no_cache(signed_in: Visitor) -> None:
    assert signed_in.get("/profile").headers["Cache-Control"] == "no-store"


def test_viewers_are_told_that_they_may_only_look(app: Flask, signed_in: Visitor, viewer: Visitor) -> None:
    @require_role("owner", "admin")
    def change() -> ResponseReturnValue:
        return "changed"

    app.add_url_rule("/change", view_func=change, methods=["POST"])
    assert signed_in.submit("/change").text == "changed"
    refused = viewer.submit("/change")
    assert refused.status_code == 403
    assert "Your role may look at this, but not change it." in text_of(refused)
    assert "Your role may look at this" in viewer.swap("/change").text
