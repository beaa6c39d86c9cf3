"""Signing up: what a visitor sees, what is made, and what nobody is told."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.auth import visitor_throttle
from billingportal.domain.plans.price_links import Link
from billingportal.models import AuditEntry, Client, Entitlement, OutgoingMail, Plan, ProcessorAccount, Workspace
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.catalog.showcase import add_branding, furnish, sell_live
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client
from tests.support.people.mail_receiver import switch_mail_on
from tests.support.stripe.portals import work

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGE = "/portal/sign-up"
TYPED = {"name": "Quayside Dental", "email": "Front@Quayside.example", "workspace_name": "Front desk"}
NewVisitor = Callable[[], Visitor]


@pytest.fixture
def plans(app: Flask, owner: Staff) -> dict[str, int]:
    return furnish(app, owner.id)


@pytest.fixture
def stranger(app: Flask) -> NewVisitor:
    def visitor() -> Visitor:
        made = app.test_client()
        assert isinstance(made, Visitor)
        return made

    return visitor


def all_clients(session: Session) -> list[Client]:
    session.rollback()
    return list(session.scalars(select(Client).order_by(Client.id)))


def test_the_choice_and_what_is_due_stay_visible(client: Visitor, plans: dict[str, int]) -> None:
    contacts = plans["By contacts"]
    answer = client.get(f"{PAGE}?plan={contacts}&interval=month&currency=eur&quantity=8000")
    assert "By contacts Change €32.00 a month for 8,000 contacts Due today: €32.00." in text_of(answer)
    assert f"/portal/pricing?plan={contacts}&interval=month&currency=eur&quantity=8000" in unescape(answer.text)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
    assert hidden.pop("csrf_token")
    assert hidden == {"plan": str(contacts), "interval": "month", "currency": "eur", "quantity": "8000"}


def test_a_plan_by_use_only_says_its_price_once(
    client: Visitor, plans: dict[str, int], session: Session, owner: Staff
) -> None:
    account_id = session.scalars(select(ProcessorAccount.id)).one()
    links = [Link("use", "usage", resource_id(session, "contacts"))]
    by_use = new_plan(owner.id, "By use", account_id=account_id, links=links, is_active=True)
    page = text_of(client.get(f"{PAGE}?plan={by_use}&interval=month&currency=usd"))
    assert page.count("US$0.002") == 1
    assert "Nothing is due today." in page


def test_a_trial_is_said_before_anybody_pays(client: Visitor, plans: dict[str, int]) -> None:
    page = text_of(client.get(f"{PAGE}?plan={plans['Growth']}&interval=year&currency=usd"))
    assert "14 days free for new clients, no card needed. Then US$290.00 a year." in page
    assert "Due today" not in page


def test_a_plan_that_is_gone_or_on_request_cannot_be_had(client: Visitor, plans: dict[str, int]) -> None:
    for plan_id in (999, plans["Enterprise"]):
        assert "This plan is not for sale" in text_of(client.get(f"{PAGE}?plan={plan_id}"))
        refused = client.submit(PAGE, {**TYPED, "plan": str(plan_id)})
        assert refused.status_code == 422


def test_a_free_plan_is_active_at_once(client: Visitor, plans: dict[str, int], session: Session) -> None:
    sent = client.submit(PAGE, {**TYPED, "plan": str(plans["Free"])})
    assert (sent.status_code, sent.location) == (303, "/portal/sign-up/done")
    page = text_of(client.get(sent.location))
    assert "You are all set" in page
    assert "Quayside Dental has the plan Free . There is nothing to pay." in page
    (made,) = all_clients(session)
    assert (made.name, made.email, made.source, made.mode) == (
        "Quayside Dental",
        "front@quayside.example",
        "sign_up",
        "test",
    )
    assert session.scalars(select(Workspace.name)).all() == ["Front desk"]
    held = session.scalars(select(Entitlement)).one()
    assert (held.plan_id, held.source, held.access) == (plans["Free"], "base", "full")
    assert set(session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "client.created"))) == {"client"}


def test_what_is_missing_is_said_and_what_was_typed_stays(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    for name, words in (
        ("name", "Enter the name of your business."),
        ("email", "Enter your email address."),
        ("workspace_name", "Give your first workspace a name."),
    ):
        refused = client.submit(PAGE, {**TYPED, "plan": str(plans["Free"]), name: " "})
        assert refused.status_code == 422
        assert words in text_of(refused)
        kept = next(value for field, value in TYPED.items() if field != name)
        assert kept in refused.text
    assert all_clients(session) == []


def test_terms_have_to_be_accepted_where_there_are_some(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    add_branding(terms_url="https://harbor.example/terms")
    order = {**TYPED, "plan": str(plans["Free"])}
    assert "https://harbor.example/terms" in client.get(f"{PAGE}?plan={plans['Free']}").text
    assert "Accept the terms to go on." in text_of(client.submit(PAGE, order))
    assert client.submit(PAGE, {**order, "terms": "y"}).status_code == 303
    accepted = select(AuditEntry.summary).where(AuditEntry.action == "client.terms_accepted")
    assert session.scalars(accepted).all() == ["Accepted the terms at https://harbor.example/terms"]


def test_everything_that_is_wrong_is_said_at_once(client: Visitor, plans: dict[str, int], session: Session) -> None:
    add_branding(terms_url="https://harbor.example/terms")
    page = text_of(client.submit(PAGE, {"plan": str(plans["Free"])}))
    for words in ("name of your business", "your email address", "first workspace a name", "Accept the terms"):
        assert words in page


def test_nobody_buys_anything_else_than_what_was_shown(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    order = {**TYPED, "plan": str(plans["Growth"]), "interval": "week", "currency": "usd"}
    refused = client.submit(PAGE, order)
    assert refused.status_code == 422
    assert "What is for sale has changed since you opened this page." in text_of(refused)
    assert all_clients(session) == []


def test_an_address_that_is_none_is_refused(client: Visitor, plans: dict[str, int]) -> None:
    page = client.submit(PAGE, {**TYPED, "email": "front desk", "plan": str(plans["Free"])})
    assert "This is not an email address." in text_of(page)


@pytest.mark.parametrize("email", ["Front@Quayside.example", "front@MÜNCHEN.example", "front@xn--mnchen-3ya.example"])
def test_a_known_address_is_told_and_led_to_its_billing_link(
    client: Visitor, plans: dict[str, int], session: Session, email: str
) -> None:
    new_client("Quayside", "front@quayside.example")
    new_client("Quayside Munich", "front@münchen.example")
    told = client.submit(PAGE, {**TYPED, "email": email, "plan": str(plans["Free"])})
    assert told.status_code == 422
    assert f"This address has an account {email} has an account" in text_of(told)
    assert "Get your billing link" not in told.text
    assert len(all_clients(session)) == 2
    assert client.get("/portal/sign-up/done").status_code == 401
    switch_mail_on()
    told = client.submit(PAGE, {**TYPED, "email": email, "plan": str(plans["Free"])})
    assert "Get your billing link" in text_of(told)
    sent = client.submit("/portal/billing-link-requests", {"email": email})
    assert "a letter with a new link is on its way" in text_of(sent)
    work(client.application)
    session.rollback()
    to_clients = select(OutgoingMail.kind).where(OutgoingMail.staff_id.is_(None))
    assert session.scalars(to_clients).all() == ["billing_link"]


def test_addresses_may_be_tried_a_few_times_from_anywhere(
    app: Flask, plans: dict[str, int], session: Session, stranger: NewVisitor
) -> None:
    new_client("Quayside", "front@quayside.example")
    statuses = {}
    for email in ("front@quayside.example", "nobody@quayside.example"):
        order = {**TYPED, "email": email, "plan": str(plans["Free"])}
        for number in range(visitor_throttle.MOST_PER_ADDRESS + 1):
            visitor = stranger()
            visitor.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
            statuses[email, number] = visitor.submit(PAGE, order).status_code
    assert {number for (_, number), status in statuses.items() if status == 429} == {visitor_throttle.MOST_PER_ADDRESS}


def test_too_many_from_one_place_wait(client: Visitor, plans: dict[str, int], session: Session) -> None:
    order = {**TYPED, "email": "nobody", "plan": str(plans["Free"])}
    with transaction() as writing:
        for number in range(visitor_throttle.MOST_PER_NETWORK):
            visitor_throttle.admit_visitor(writing, "sign-up", "127.0.0.1", f"{number}@quayside.example")
    refused = client.submit(PAGE, order)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many sign-ups from here." in text_of(refused)


def test_only_staff_try_out_another_mode_than_the_one_that_sells(
    app: Flask, client: Visitor, viewer: Visitor, owner: Staff, plans: dict[str, int], session: Session
) -> None:
    sell_live(app, owner.id)
    for visitor, email, mode in ((client, "a@quayside.example", "live"), (viewer, "b@quayside.example", "test")):
        visitor.submit(PAGE, {**TYPED, "email": email, "plan": str(plans["Free"]), "mode": "test"})
        assert all_clients(session)[-1].mode == mode


def test_a_client_who_is_here_only_confirms(client: Visitor, plans: dict[str, int], session: Session) -> None:
    client.submit(PAGE, {**TYPED, "plan": str(plans["Free"])})
    with transaction() as writing:
        writing.get_one(Plan, plans["Free"]).name = "Starter"
    page = text_of(client.get(f"{PAGE}?plan={plans['Free']}"))
    assert "Confirm your choice" in page
    assert "For Quayside Dental , front@quayside.example." in page
    assert client.submit(PAGE, {"plan": str(plans["Free"])}).location == "/portal/sign-up/done"
    assert session.scalar(select(func.count(Client.id))) == 1


def test_hostile_names_are_only_text(client: Visitor, plans: dict[str, int]) -> None:
    hostile = "<script>alert(1)</script>"
    client.submit(PAGE, {**TYPED, "name": hostile, "plan": str(plans["Free"])})
    assert hostile not in client.get("/portal/sign-up/done").text
