"""Suspension, billing links and checkout links over the API."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import lifecycle
from billingportal.models import AuditEntry
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller
from tests.support.pages import text_of
from tests.support.people.clients import new_client


@pytest.fixture
def path(session: Session) -> str:
    return f"/clients/cl_{new_client('Harbor', external_id='c1')}"


def test_a_suspension_begins_and_ends(platform: Caller, session: Session, path: str) -> None:
    suspended = platform.post(f"{path}/suspension", {"reason": "Spam"})
    assert (suspended.json["standing"], suspended.json["access"]) == ("suspended", "suspended")
    again = platform.post(f"{path}/suspension", {"reason": "Other"})
    assert again.json == suspended.json
    assert platform.delete(f"{path}/suspension").json["suspended_at"] is None
    assert platform.delete(f"{path}/suspension").json["access"] == "limited"  # it has no plan
    session.rollback()
    mine = select(AuditEntry.summary).where(AuditEntry.actor == "api").order_by(AuditEntry.id)
    assert session.scalars(mine).all() == ["Suspended: Spam", "Reactivated"]


def test_staff_see_which_key_did_it(app: Flask, platform: Caller, owner: Staff, session: Session, path: str) -> None:
    platform.post(f"{path}/suspension", {"reason": "Spam"})
    visitor = app.test_client()
    visitor.become(owner)  # type: ignore[attr-defined]
    assert "By the API key Chat platform" in text_of(visitor.get(f"/saas{path.replace('cl_', '')}"))


def test_a_billing_link_opens_the_clients_page(app: Flask, platform: Caller, path: str) -> None:
    link = platform.post(f"{path}/billing-links").json
    assert link["url"].startswith("http://localhost/portal/billing-link/")
    visitor = app.test_client()
    assert visitor.get(link["url"]).location == "/portal/billing"
    assert "Harbor" in visitor.get("/portal/billing").text


def test_a_link_to_the_plan_opens_the_page_where_it_is_changed(app: Flask, platform: Caller, path: str) -> None:
    url = platform.post(f"{path}/billing-links").json["url"]
    assert app.test_client().get(f"{url}?to=plan").location == "/portal/billing/plan"
    assert app.test_client().get(f"{url}?to=//elsewhere.example").location == "/portal/billing"


def test_an_archived_client_gets_nothing(platform: Caller, owner: Staff, path: str) -> None:
    with transaction() as writing:
        lifecycle.archive_client(writing, int(path.partition("cl_")[2]), staff_id=owner.id)
    asked = {"plan": "growth", "interval": "month"}
    for below, body in (("suspension", {"reason": "Spam"}), ("billing-links", None), ("checkout-links", asked)):
        assert platform.post(f"{path}/{below}", body).problem == "client_archived"


def test_a_checkout_needs_a_plan_and_an_account(platform: Caller, path: str) -> None:
    refused = platform.post(f"{path}/checkout-links", {"plan": "growth", "interval": "month"})
    assert refused.json["errors"] == [{"pointer": "/plan", "detail": "There is no plan with this key."}]
    assert platform.post(f"{path}/checkout-links", {"plan": "growth", "interval": "eon"}).problem == "invalid"
