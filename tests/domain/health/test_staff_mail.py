"""Staff is told of findings: at once of money, in a digest each morning of the rest, of none twice."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.health import staff_mail
from billingportal.domain.mail import delivery
from billingportal.models import HealthFinding, MailSettings, OutgoingMail, Staff
from billingportal.portal import current_portal
from tests.conftest import add_staff
from tests.support.people.mail_receiver import MailReceiver, switch_mail_on

MORNING = now().replace(hour=7, minute=30) + timedelta(days=1)


@pytest.fixture(autouse=True)
def people(app: Flask, session: Session, owner: Staff, password_hash: str) -> None:
    add_staff(app, password_hash, "admin")
    add_staff(app, password_hash, "viewer")
    switch_mail_on()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    return Clock(monkeypatch)


class Clock:
    """The time at which emails are written."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch
        self.set(MORNING)

    def set(self, moment: datetime) -> None:
        self.patch.setattr(staff_mail, "now", lambda: moment)


def add_finding(severity: str, title: str = "Something", **more: object) -> None:
    moment = now()
    given = {"key": "price.drift" if severity == "money" else "inbox.failed", "subject": title, "title": title}
    times = {"first_seen_at": moment, "last_seen_at": moment, "raised_at": moment, "times_raised": 1}
    with transaction() as session:
        session.add(HealthFinding(**{**given, **times, "meaning": "It costs $1.", "severity": severity, **more}))


def write(settings: Settings) -> list[tuple[str, str]]:
    """What one pass writes: recipient and subject."""
    with transaction() as session:
        before = len(session.scalars(select(OutgoingMail)).all())
        staff_mail.write_due(session, settings)
        session.flush()
        rows = session.execute(
            select(Staff.email, OutgoingMail.subject)
            .join(Staff, Staff.id == OutgoingMail.staff_id)
            .order_by(OutgoingMail.id)
        ).all()
        return [(row[0], row[1]) for row in rows[before:]]


def test_money_is_told_at_once_and_once_to_owners_and_admins(settings: Settings, clock: Clock) -> None:
    clock.set(MORNING.replace(hour=22))
    add_finding("money", "Harbor Dental was charged $20.00 too much")
    subject = "1 finding about money: Harbor Dental was charged $20.00 too much"
    assert write(settings) == [("owner@example.com", subject), ("admin@example.com", subject)]
    assert write(settings) == []
    add_finding("money", "Another")
    assert write(settings)[0] == ("owner@example.com", "1 finding about money: Another")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_rest_waits_for_the_morning_and_for_the_next_one(settings: Settings, clock: Clock) -> None:
    clock.set(MORNING.replace(hour=22))
    add_finding("access", "One")
    add_finding("soon", "Two")
    assert write(settings) == []
    clock.set(MORNING)
    assert [subject for _, subject in write(settings)] == ["2 findings since the last digest"] * 2
    add_finding("soon", "Three")
    assert write(settings) == []
    clock.set(MORNING + timedelta(days=1))
    assert [subject for _, subject in write(settings)] == ["1 finding since the last digest: Three"] * 2
    clock.set(MORNING + timedelta(days=2))
    assert write(settings) == []


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "more",
    [
        {"raised_at": None},
        {"gone_at": now()},
        {"snoozed_until": MORNING + timedelta(days=3)},
    ],
)
def test_what_does_not_stand_or_is_snoozed_is_not_told(
    settings: Settings, clock: Clock, more: dict[str, object]
) -> None:
    add_finding("soon", "Something", **more)
    assert write(settings) == []


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_stands_is_told_once_mail_is_set_up(settings: Settings, clock: Clock, session: Session) -> None:
    add_finding("money")
    with transaction() as writing:
        writing.execute(update(MailSettings).values(is_on=False))
    assert write(settings) == []
    with transaction() as writing:
        writing.execute(update(MailSettings).values(is_on=True))
    assert len(write(settings)) == 2


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_email_arrives_and_leads_to_health(settings: Settings, clock: Clock, session: Session) -> None:
    add_finding("money", "Harbor Dental was charged $20.00 too much", mode="test")
    with MailReceiver() as receiver:
        switch_mail_on(receiver.port)
        write(settings)
        delivery.send_due(transaction, current_portal().vault, settings)
        body = receiver.received[0].get_content()
    assert "Hello Mara Owner," in body
    assert "Money: Harbor Dental was charged $20.00 too much (test mode)" in body
    assert "It costs $1." in body
    assert "SaaS > Health" in body
