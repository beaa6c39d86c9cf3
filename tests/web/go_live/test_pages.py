"""Going live, page by page: the checklist, pairs, the dry run, what is created, waivers, and the switch."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.go_live import switch as selling_switch
from billingportal.domain.go_live.checklist import waivers
from billingportal.domain.go_live.checklist.checklist import DEFINITIONS
from billingportal.jobs import go_live as go_live_jobs
from billingportal.models import AuditEntry, ChecklistWaiver, Checkout, Client, SellingMode
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.conftest import PASSWORD
from tests.support.catalog.twins import Twins, catalog_of, open_twins
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.stripe.worlds import World

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/saas/go-live"
SWITCH = f"{PAGE}/switch"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def twins(app: Flask, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Iterator[Twins]:
    with app.app_context():
        yield open_twins(World(app, sandbox, stripe_account), owner.id)


def waive_everything(staff_id: int) -> None:
    """Waive every item that may be waived."""
    with transaction() as session:
        for one in DEFINITIONS:
            if one.may_be_waived:
                waivers.waive(session, one.key, "Tried by hand", staff_id=staff_id)


def sold(session: Session) -> str | None:
    session.rollback()
    return session.scalar(select(SellingMode.mode))


def test_before_stripe_is_connected_the_list_says_what_comes_first(signed_in: Visitor) -> None:
    page = text_of(signed_in.get(PAGE))
    assert "First, your live key" in page
    assert f"of {len(DEFINITIONS)} done" in page
    assert "Ready to go live" not in page
    assert "Connect both modes first" in text_of(signed_in.get(f"{PAGE}/prices"))


def test_a_viewer_looks_and_changes_nothing(viewer: Visitor) -> None:
    assert viewer.get(PAGE).status_code == 200
    assert "Waive" not in text_of(viewer.get(PAGE))
    for path in (f"{PAGE}/dry-run", SWITCH):
        assert viewer.get(path).status_code == 403
    for path in (f"{PAGE}/prices", f"{PAGE}/creations", f"{PAGE}/waivers/mail", f"{PAGE}/customer-portal", SWITCH):
        assert viewer.submit(path).status_code == 403


def test_from_pairs_to_created_and_linked_prices(signed_in: Visitor, twins: Twins) -> None:
    page = text_of(signed_in.get(f"{PAGE}/prices"))
    assert "Amount US$190.00 US$190.01 Differs" in page
    assert "2 live prices fit; the portal never guesses." in page
    assert "2 prices match" in page
    solo = {f"price.{twins.test['solo_month']}": twins.live["solo_one"], "go": "dry-run"}
    assert signed_in.submit(f"{PAGE}/prices", solo).location == f"{PAGE}/dry-run"
    answer = signed_in.get(f"{PAGE}/dry-run")
    assert "7 things would be created in live mode" in text_of(answer)
    assert "Coupon WELCOME20" in text_of(answer)
    seal = re.findall(r'name="seal" value="(\w+)"', answer.text)[0]

    stale = signed_in.submit(f"{PAGE}/creations", {"seal": "old"})
    assert (stale.status_code, "Something changed since you looked" in stale.text) == (409, True)
    created = signed_in.submit(f"{PAGE}/creations", {"seal": seal})
    assert "Waiting" in text_of(signed_in.get(created.location))
    twins.world.session.rollback()
    go_live_jobs.work_on_promotions(current_portal())
    done = text_of(signed_in.get(created.location))
    assert "11 of 11 done" in done
    assert "every 2s" not in signed_in.get(created.location).text
    after = text_of(signed_in.get(f"{PAGE}/prices"))
    assert "Missing in live mode" not in after
    assert "8 prices match" in after


def test_a_product_with_a_namesake_is_asked_about(signed_in: Visitor, twins: Twins) -> None:
    live = catalog_of(twins.world, "live")
    namesakes = [live.product("Northwind Team"), live.product("Northwind Team")]
    twins.world.read_events()
    assert "2 live products have this name." in text_of(signed_in.get(f"{PAGE}/prices"))
    assert "2 live products are called “Northwind Team”. Choose one." in text_of(signed_in.get(f"{PAGE}/dry-run"))
    product_id = next(one["id"] for one in twins.objects("test").values() if one.get("name") == "Northwind Team")
    signed_in.submit(f"{PAGE}/prices", {f"product.{product_id}": namesakes[1]})
    assert "this name" not in text_of(signed_in.get(f"{PAGE}/prices"))
    assert "6 things would be created in live mode" in text_of(signed_in.get(f"{PAGE}/dry-run"))


def test_items_are_waived_by_owners_with_a_reason_and_taken_back(signed_in: Visitor, session: Session) -> None:
    signed_in.submit(f"{PAGE}/waivers/key_copy", {"reason": "  In the company   vault "})
    page = text_of(signed_in.get(PAGE))
    assert "“In the company vault”" in page
    assert "1 waived" in page
    signed_in.submit(f"{PAGE}/waivers/backup", {"reason": " "})
    signed_in.submit(f"{PAGE}/waivers/prices", {"reason": "No"})
    signed_in.submit(f"{PAGE}/waivers/unheard", {"reason": "No"})
    assert session.scalars(select(ChecklistWaiver.item)).all() == ["key_copy"]
    signed_in.submit(f"{PAGE}/waivers/key_copy/end")
    assert "In the company vault" not in text_of(signed_in.get(PAGE))
    session.rollback()
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("checklist.%"))).all()
    assert actions == ["checklist.waived", "checklist.waiver_taken_back"]


def test_nothing_is_switched_while_an_item_is_open(signed_in: Visitor, owner: Staff, session: Session) -> None:
    waive_everything(owner.id)
    answer = signed_in.submit(SWITCH, {"mode": "live", "password": PASSWORD})
    assert answer.status_code == 422
    assert "items are open. Finish or waive them first." in text_of(answer)
    assert sold(session) is None


def test_the_switch_asks_for_the_password_again(
    signed_in: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch, twins: Twins
) -> None:
    monkeypatch.setattr("billingportal.domain.go_live.checklist.checklist.DEFINITIONS", ())
    wrong = signed_in.submit(SWITCH, {"mode": "live", "password": "wrong"})
    assert (wrong.status_code, "This is not your password. Nothing was changed." in text_of(wrong)) == (422, True)
    assert sold(session) is None
    assert signed_in.submit(SWITCH, {"mode": "live", "password": PASSWORD}).location == PAGE
    assert sold(session) == "live"
    for _ in range(5):
        signed_in.submit(SWITCH, {"mode": "test", "password": "wrong"})
    late = signed_in.submit(SWITCH, {"mode": "test", "password": PASSWORD})
    assert "Too many wrong tries." in text_of(late)
    assert sold(session) == "live"


def test_open_test_checkouts_expire_and_switching_back_is_possible(
    signed_in: Visitor, client: Visitor, twins: Twins, session: Session
) -> None:
    plan_id = twins.plans["Growth"]
    typed = {"name": "Mara", "email": "front@quayside.example", "workspace_name": "Quayside"}
    stranger = twins.world.app.test_client()
    assert isinstance(stranger, Visitor)
    started = stranger.submit("/portal/sign-up", {**typed, "plan": str(plan_id), "interval": "month"})
    assert started.status_code == 303
    twins.world.session.rollback()
    assert session.scalars(select(Checkout.state)).all() == ["open"]
    assert session.scalars(select(Client.mode)).all() == ["test"]

    with transaction() as writing:
        selling_switch.switch(writing, "live", [], staff_id=twins.staff_id)
    go_live_jobs.expire_checkouts_of_other_mode(current_portal())
    session.rollback()
    assert session.scalars(select(Checkout.state)).all() == ["expired"]
    (at_stripe,) = twins.world.sandbox.objects(twins.world.stripe_account.id, "test", "checkout.session")
    assert at_stripe["status"] == "expired"

    page = text_of(signed_in.get(PAGE))
    assert "Live since" in page
    assert "Your first week live" in page
    assert "clients keep their plans and go on renewing" in page
    assert "nobody new can buy" in text_of(signed_in.get(SWITCH))
    assert signed_in.submit(SWITCH, {"mode": "test", "password": PASSWORD}).location == PAGE
    assert sold(session) == "test"


def test_nothing_is_done_by_accident_once_the_worker_stopped(
    signed_in: Visitor, twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the worker found an hour ago says nothing about now."""
    later = clock.now() + timedelta(hours=1)
    twins.world.session.rollback()
    monkeypatch.setattr(clock, "now", lambda: later)
    for module in ("go_live.checklist.checklist", "health.agreement"):
        monkeypatch.setattr(f"billingportal.domain.{module}.now", lambda: later)
    page = signed_in.get(PAGE).text
    for key in ("keys", "account", "worker", "clock", "money", "backup", "key_copy"):
        row = page[page.index(f'id="item-{key}"') :]
        assert "Done" not in row[: row.index("</li>")], key
