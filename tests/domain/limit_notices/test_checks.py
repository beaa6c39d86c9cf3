"""Limits that clients come to: noticed once, with their mail, and over again when the use falls."""

import json
import threading
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.clients import quota_overrides
from billingportal.domain.limit_notices import checks, standing
from billingportal.domain.limit_notices.uses import ClientUse
from billingportal.domain.mail.outbox import BILLING_LINK
from billingportal.domain.plans.terms import Limit
from billingportal.models import Client, ClientUsage, LimitNotice, MailSettings, OutgoingMail, OutgoingMessage, Resource
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import change_plan, evaluate_everybody, resource_id
from tests.support.catalog.usage import NOVEMBER, add_resource, limited_client, uses
from tests.support.usage.host_platform import add_endpoint

DECEMBER = (NOVEMBER[1], datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def mail_on(session: Session) -> None:
    with transaction() as writing:
        given = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "billing@northwind.example"}
        writing.add(MailSettings(**given, updated_at=clock.now()))


@pytest.fixture
def contacts(session: Session) -> int:
    return resource_id(session, "contacts")


def told(client_id: int) -> list[str]:
    """The stages of the client's notices that are not over, oldest first."""
    with transaction() as session:
        mine = select(LimitNotice.stage).where(LimitNotice.client_id == client_id, LimitNotice.cleared_at.is_(None))
        return list(session.scalars(mine.order_by(LimitNotice.id)))


def subjects(client_id: int) -> list[str]:
    with transaction() as session:
        mine = select(OutgoingMail.subject).where(OutgoingMail.client_id == client_id).order_by(OutgoingMail.id)
        return list(session.scalars(mine))


@pytest.mark.usefixtures("mail_on")
def test_each_stage_is_noticed_once_and_written_about(owner: Staff, contacts: int) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(5000)})
    for used in (3999, 4000, 4999, 5000, 5000, 5001, 6000):
        uses(client_id, contacts, used)
        checks.check_limits(transaction)

    assert told(client_id) == ["warning", "reached", "exceeded"]
    assert subjects(client_id) == [
        "80% of your contacts are used",
        "You have reached 5,000 contacts",
        "You have 1 contact more than your plan allows",
    ]


@pytest.mark.usefixtures("mail_on")
def test_a_jump_past_the_limit_is_written_about_once(owner: Staff, contacts: int, session: Session) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(10)})
    uses(client_id, contacts, 12)
    checks.check_limits(transaction)

    assert told(client_id) == ["warning", "reached", "exceeded"]
    mail = session.scalars(select(OutgoingMail)).one()
    assert mail.subject == "You have 2 contacts more than your plan allows"
    assert "12 of 10. They keep working; you can't add any. Remove 2 or upgrade." in mail.body
    assert BILLING_LINK in mail.body


def test_a_stage_is_told_again_after_the_use_has_fallen_5_points_below(owner: Staff, contacts: int) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(1000)})
    for used, count in ((800, 1), (750, 1), (800, 1), (749, 0), (800, 1)):
        uses(client_id, contacts, used)
        checks.check_limits(transaction)
        assert len(told(client_id)) == count, used
    with transaction() as session:
        assert len(session.scalars(select(LimitNotice)).all()) == 2


def test_a_new_period_is_told_anew(owner: Staff, session: Session) -> None:
    replies = add_resource("AI replies")
    client_id = limited_client(owner.id, {replies: Limit(100)})
    for period, used in ((NOVEMBER, 100), (DECEMBER, 0), (DECEMBER, 85)):
        uses(client_id, replies, used, period)
        checks.check_limits(transaction)

    found = session.scalars(select(LimitNotice).order_by(LimitNotice.id)).all()
    assert [(one.stage, one.period_starts_at, one.cleared_at is None) for one in found] == [
        ("warning", NOVEMBER[0], False),
        ("reached", NOVEMBER[0], False),
        ("warning", DECEMBER[0], True),
    ]


def test_a_smaller_plan_is_noticed_without_a_new_report(owner: Staff, contacts: int, session: Session) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(5000)})
    uses(client_id, contacts, 3000)
    checks.check_limits(transaction)
    plan_id = session.get_one(Client, client_id).base_plan_id
    assert plan_id is not None
    change_plan(owner.id, plan_id, "everybody", quotas={contacts: Limit(2000)})
    evaluate_everybody()
    checks.check_limits(transaction)

    assert told(client_id) == ["warning", "reached", "exceeded"]


def test_a_raised_limit_ends_the_notices(owner: Staff, contacts: int) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(100)})
    uses(client_id, contacts, 100)
    checks.check_limits(transaction)
    with transaction() as session:
        quota_overrides.grant_quota(session, client_id, contacts, 10_000, "A migration", None, staff_id=owner.id)
    checks.check_limits(transaction)

    assert told(client_id) == []


def test_what_staff_switched_off_is_not_told(owner: Staff, contacts: int) -> None:
    with transaction() as session:
        resource = session.get_one(Resource, contacts)
        resource.warns_at_80 = resource.warns_above_100 = False
    client_id = limited_client(owner.id, {contacts: Limit(100)})
    uses(client_id, contacts, 150)
    checks.check_limits(transaction)

    assert told(client_id) == ["reached"]


@pytest.mark.usefixtures("mail_on")
def test_a_resource_whose_clients_are_not_told_writes_no_mail(owner: Staff, contacts: int) -> None:
    with transaction() as session:
        session.get_one(Resource, contacts).warns_client = False
    client_id = limited_client(owner.id, {contacts: Limit(100)})
    uses(client_id, contacts, 90)
    checks.check_limits(transaction)

    assert told(client_id) == ["warning"]
    assert subjects(client_id) == []
    with transaction() as session:
        assert standing.client_notices(session, session.get_one(Client, client_id)) == []
        assert len(standing.staff_notices(session, session.get_one(Client, client_id))) == 1


def test_a_billed_limit_is_information_and_a_reached_cap_a_warning(owner: Staff, session: Session) -> None:
    replies = add_resource("AI replies")
    client_id = limited_client(owner.id, {replies: Limit(20_000, "bill")})
    read = []
    for used in (16_800, 20_000, 23_900, 30_000):
        uses(client_id, replies, used, NOVEMBER, cap=30_000)
        checks.check_limits(transaction)
        with transaction() as reading:
            (text,) = standing.client_notices(reading, reading.get_one(Client, client_id))
            read.append((text.severity, text.title, text.action))

    assert told(client_id) == ["warning", "reached", "exceeded", "cap"]
    assert read == [
        ("info", "84% of your included AI replies are used", "cap"),
        ("info", "Your included AI replies are used up", "cap"),
        ("info", "3,900 extra AI replies so far", "usage"),
        ("warn", "Your spending cap of 30,000 AI replies is reached", "cap"),
    ]


def test_every_changed_row_is_looked_at_and_its_share_kept(
    owner: Staff, contacts: int, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "BATCH", 3)
    clients = [limited_client(owner.id, {contacts: Limit(100)}, f"Client {one}", f"Plan {one}") for one in range(8)]
    for number, client_id in enumerate(clients):
        uses(client_id, contacts, number * 20)
    checks.check_limits(transaction)

    rows = session.scalars(select(ClientUsage).order_by(ClientUsage.client_id)).all()
    assert [row.limit_percent for row in rows] == [0, 20, 40, 60, 80, 100, 120, 140]
    assert all(row.checked_revision == row.revision for row in rows)
    assert [len(told(client_id)) for client_id in clients] == [0, 0, 0, 0, 1, 2, 3, 3]


@pytest.mark.usefixtures("mail_on")
def test_two_workers_tell_a_limit_once(app: Flask, owner: Staff, contacts: int) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(100)})
    uses(client_id, contacts, 100)
    started = threading.Barrier(2)

    def work() -> None:
        with app.app_context():
            started.wait()
            checks.check_limits(transaction)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert told(client_id) == ["warning", "reached"]
    assert len(subjects(client_id)) == 1


def test_a_limit_that_changes_during_a_look_is_looked_at_again(
    owner: Staff, contacts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading of the limits and the mark that they were looked at, the limit is lowered."""
    client_id = limited_client(owner.id, {contacts: Limit(5000)})
    uses(client_id, contacts, 3000)
    mark_checked = checks.mark_checked

    def lower_first(session: Session, quiet: dict[int, ClientUse]) -> None:
        monkeypatch.setattr(checks, "mark_checked", mark_checked)
        quota_overrides.grant_quota(session, client_id, contacts, 2000, "A mistake", None, staff_id=owner.id)
        mark_checked(session, quiet)

    monkeypatch.setattr(checks, "mark_checked", lower_first)
    checks.check_limits(transaction)
    assert told(client_id) == []
    checks.check_limits(transaction)

    assert told(client_id) == ["warning", "reached", "exceeded"]


@pytest.mark.parametrize("is_told", [True, False])
def test_the_host_platform_is_told_each_stage_in_order(
    owner: Staff, contacts: int, session: Session, *, is_told: bool
) -> None:
    add_endpoint("https://chat.example/hooks", "limit.reached", "limit.exceeded", staff_id=owner.id)
    with transaction() as writing:
        writing.get_one(Resource, contacts).warns_platform = is_told
    client_id = limited_client(owner.id, {contacts: Limit(10)})
    uses(client_id, contacts, 12)
    checks.check_limits(transaction, "https://billing.example")
    checks.check_limits(transaction, "https://billing.example")

    messages = session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id)).all()
    assert [message.type for message in messages] == (["limit.reached", "limit.exceeded"] if is_told else [])
    for message in messages:
        assert json.loads(message.body)["data"] == {
            "client": f"cl_{client_id}",
            "external_id": None,
            "resource": "contacts",
            "used": 12,
            "limit": 10,
            "limit_kind": "plan",
            "at_limit": "block",
            "upgrade_url": "https://billing.example/portal/billing/plan",
        }
