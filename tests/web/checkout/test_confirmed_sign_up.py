"""With "Confirm addresses first" a sign-up goes on from an emailed link, and no answer tells who is known."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from billingportal import clock as portal_clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.auth import sign_up_links, visitor_throttle
from billingportal.domain.checkout import sign_up_requests
from billingportal.models import Client, OutgoingMail, SellingSettings, SignUpRequest
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.catalog.showcase import furnish, sell_live
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client
from tests.support.people.mail_receiver import MailReceiver, switch_mail_on
from tests.support.stripe.portals import work

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/portal/sign-up"
TYPED = {"name": "Quayside Dental", "workspace_name": "Front desk"}
KNOWN = "known@quayside.example"
ROUNDS = 40
# What a visitor can measure, and the work alone, which other processes do not blur.
CLOCKS = (time.perf_counter, time.thread_time)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, public_url="https://billing.example")


@pytest.fixture
def receiver() -> Iterator[MailReceiver]:
    with MailReceiver() as running:
        yield running


@pytest.fixture
def plans(app: Flask, owner: Staff, session: Session, receiver: MailReceiver) -> dict[str, int]:
    """A portal that confirms addresses first."""
    plans = furnish(app, owner.id)
    switch_mail_on(receiver.port)
    confirm_first()
    return plans


def confirm_first() -> None:
    with transaction() as writing:
        writing.merge(SellingSettings(id=1, confirms_addresses=True, updated_at=portal_clock.now()))


def clients(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Client.email).order_by(Client.id)))


def free(plans: dict[str, int], email: str) -> dict[str, str]:
    return {**TYPED, "email": email, "plan": str(plans["Free"])}


def link_in(receiver: MailReceiver) -> str:
    """The path of the link in the last email."""
    found = re.search(r"https://billing\.example(/portal/sign-up/confirmed/\S+)", receiver.received[-1].get_content())
    assert found is not None
    return found.group(1)


def test_a_sign_up_goes_on_from_the_link_in_the_email(
    app: Flask, client: Visitor, plans: dict[str, int], session: Session, receiver: MailReceiver
) -> None:
    sent = client.submit(PAGE, free(plans, "Front@Quayside.example"))
    assert (sent.status_code, sent.location) == (303, sign_up_links.PATH)
    assert "We sent you a link." in text_of(client.get(sent.location))
    assert clients(session) == []
    work(app)
    (mail,) = receiver.received
    assert (mail["To"], mail["Subject"]) == ("front@quayside.example", "Confirm your email address for Billing Portal")
    assert "Quayside" not in mail.get_content()
    other = app.test_client()
    assert isinstance(other, Visitor)
    for _ in range(2):  # as mail scanners do
        page = other.get(link_in(receiver))
        assert "For Quayside Dental , Front@Quayside.example." in text_of(page)
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert clients(session) == []
    done = other.submit(link_in(receiver), {"plan": str(plans["Free"])})
    assert done.location == "/portal/sign-up/done"
    assert other.get(done.location).status_code == 200
    assert clients(session) == ["front@quayside.example"]
    again = other.submit(link_in(receiver), {"plan": str(plans["Free"])})
    assert (again.status_code, "This address has an account" in text_of(again)) == (422, True)


def test_a_link_from_before_the_switch_goes_on_in_the_mode_that_sells_now(
    app: Flask, client: Visitor, owner: Staff, plans: dict[str, int], session: Session, receiver: MailReceiver
) -> None:
    client.submit(PAGE, free(plans, "front@quayside.example"))
    work(app)
    sell_live(app, owner.id)
    client.submit(link_in(receiver), {"plan": str(plans["Free"])})
    session.rollback()
    assert session.scalars(select(Client.mode)).all() == ["live"]


def test_a_known_address_gets_the_same_email_and_is_told_behind_its_link(
    app: Flask, client: Visitor, plans: dict[str, int], session: Session, receiver: MailReceiver
) -> None:
    new_client("Quayside", KNOWN)
    client.submit(PAGE, free(plans, KNOWN))
    client.submit(PAGE, free(plans, "new@quayside.example"))
    work(app)
    texts = [re.sub(r"https://\S+", "LINK", mail.get_content()) for mail in receiver.received]
    assert (len(texts), len(set(texts))) == (2, 1)
    told = client.submit(link_of(session, KNOWN), {"plan": str(plans["Free"])})
    assert "Get your billing link" in text_of(told)
    assert clients(session) == [KNOWN]


def link_of(session: Session, email: str) -> str:
    session.rollback()
    request_id = session.scalars(select(SignUpRequest.id).where(SignUpRequest.email == email)).one()
    return sign_up_links.link_path(current_portal().settings.secret_keys, request_id)


def test_a_link_that_was_changed_or_whose_sign_up_is_gone_opens_nothing(
    client: Visitor, plans: dict[str, int], session: Session
) -> None:
    client.submit(PAGE, free(plans, KNOWN))
    link = link_of(session, KNOWN)
    with transaction() as writing:
        writing.scalars(select(SignUpRequest)).one().requested_at = portal_clock.now() - sign_up_requests.KEPT_FOR * 2
        writing.flush()
        sign_up_requests.forget_requests(writing)
    session.rollback()
    assert session.scalars(select(OutgoingMail)).all() == []
    for path in (link, f"{link}x", f"{sign_up_links.PATH}/nothing"):
        for answer in (client.get(path), client.submit(path)):
            assert (answer.status_code, "This link has expired" in text_of(answer)) == (410, True)


def test_without_mail_nobody_signs_up_unconfirmed(app: Flask, client: Visitor, owner: Staff, session: Session) -> None:
    plans = furnish(app, owner.id)
    confirm_first()
    refused = client.submit(PAGE, free(plans, KNOWN))
    assert (refused.status_code, "Signing up is not possible right now." in text_of(refused)) == (422, True)
    assert clients(session) == []


def test_the_switch_needs_mail(app: Flask, signed_in: Visitor, session: Session) -> None:
    refused = signed_in.submit("/settings/checkout", {"confirms_addresses": "y"})
    assert (refused.status_code, "Switch on email" in text_of(refused)) == (422, True)
    switch_mail_on()
    assert signed_in.submit("/settings/checkout", {"confirms_addresses": "y"}).status_code == 303
    assert session.scalars(select(SellingSettings.confirms_addresses)).all() == [True]


def test_every_address_gets_the_same_answer_with_the_same_work_in_the_same_time(
    app: Flask, plans: dict[str, int], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitor_throttle, "MOST_PER_NETWORK", 10 * ROUNDS)
    monkeypatch.setattr(visitor_throttle, "MOST_PER_ADDRESS", 10 * ROUNDS)
    new_client("Quayside", KNOWN)
    assert_alike(app, PAGE, [free(plans, KNOWN), free(plans, "stranger@quayside.example")])
    links = [{"email": KNOWN}, {"email": "stranger@quayside.example"}]
    assert_alike(app, "/portal/billing-link-requests", links)


def assert_alike(app: Flask, path: str, forms: Sequence[dict[str, str]]) -> None:
    """Send the two forms in turns. Answers and statements are equal, and their times tell nothing.

    The share of pairs in which the first form was slower is 0.5 where times tell nothing. For 40 of each its standard
    deviation is 0.065, so equal work leaves the range of 0.2 to 0.8 once in 200,000 runs. The times of one run are
    compared with each other, so the machine's speed is no part of it.
    """
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    answers: list[set[tuple[object, ...]]] = [set(), set()]
    times: dict[Callable[[], float], list[list[float]]] = {clock: [[], []] for clock in CLOCKS}
    for number in range(-3, ROUNDS):  # the first three fill caches
        for which in (0, 1) if number % 2 else (1, 0):
            statements: list[str] = []
            with recorded(statements):
                started = [clock() for clock in CLOCKS]
                answer = visitor.submit(path, forms[which])
                seconds = [clock() - start for clock, start in zip(CLOCKS, started, strict=True)]
            if number >= 0:
                for clock, took in zip(CLOCKS, seconds, strict=True):
                    times[clock][which].append(took)
                text = re.sub(r'value="[^"]*"', "", answer.text)
                answers[which].add((answer.status_code, answer.location, text, tuple(statements)))
    assert answers[0] == answers[1]
    for known, unknown in times.values():
        slower = sum(one > other for one in known for other in unknown) / ROUNDS**2
        assert 0.2 < slower < 0.8


@contextmanager
def recorded(statements: list[str]) -> Iterator[None]:
    """Collect the statements that are sent to the database."""

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)
