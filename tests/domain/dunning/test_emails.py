"""What a client is written while a payment fails: once for each step, with what comes when."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.dunning import emails as dunning_emails
from billingportal.domain.dunning.emails import Footing
from billingportal.domain.mail.outbox import BILLING_LINK
from billingportal.models import Client, LadderSettings, MailSettings, OutgoingMail
from billingportal.models.entitlements.entitlement import LadderStep

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
SOUND = Footing("none", "active", None, "sub_1")


def failing(step: LadderStep) -> Footing:
    return Footing(step, "past_due", SINCE, "sub_1")


@pytest.fixture
def client_id(session: Session) -> int:
    """A client, in a portal that sends mail."""
    with transaction() as writing:
        mail = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "billing@northwind.example"}
        writing.add(MailSettings(**mail, updated_at=clock.now()))
        client = Client(
            mode="test",
            name="Harbor Dental",
            email="desk@harbor.example",
            canonical_email="desk@harbor.example",
            source="staff",
            created_at=SINCE,
        )
        writing.add(client)
        writing.flush()
        return client.id


def walk(client_id: int, footings: Iterable[Footing]) -> list[OutgoingMail]:
    """Go from one footing to the next; the letters that were written."""
    for before, after in pairwise(footings):
        with transaction() as writing:
            dunning_emails.write_if_due(writing, writing.get_one(Client, client_id), before, after)
    with transaction() as reading:
        return list(reading.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


def test_each_step_is_written_about_with_its_date(client_id: int) -> None:
    ladder: tuple[LadderStep, ...] = ("grace", "warned", "limited", "suspended")
    letters = walk(client_id, [SOUND, *(failing(step) for step in ladder), SOUND])

    assert [letter.subject for letter in letters] == [
        "Your payment did not go through",
        "Your payment still fails",
        "Your payment still fails: nothing new can be made",
        "Your payment still fails: access is suspended",
        "Your payment went through",
    ]
    assert "Everything keeps working. From 8 November 2026, nothing new can be made" in letters[0].body
    assert "From 8 November 2026, nothing new can be made" in letters[1].body
    assert "From 15 November 2026, access is suspended" in letters[2].body
    assert "From" not in letters[3].body
    assert all(BILLING_LINK in letter.body for letter in letters[:4])
    assert "everything works again" in letters[4].body
    assert letters[0].body.startswith("Hello Harbor Dental,")


def test_a_step_that_is_taken_again_is_not_written_about_again(client_id: int) -> None:
    letters = walk(client_id, [SOUND, failing("grace"), failing("warned"), failing("grace"), failing("warned")])

    assert [letter.kind for letter in letters] == ["ladder_grace", "ladder_warned"]


def test_failing_another_time_is_another_occasion(client_id: int) -> None:
    later = replace(failing("grace"), failing_since=datetime(2026, 12, 1, tzinfo=UTC))
    letters = walk(client_id, [SOUND, failing("grace"), SOUND, later])

    assert [letter.kind for letter in letters] == ["ladder_grace", "ladder_none", "ladder_grace"]
    assert "There is nothing else to do." in letters[1].body


def test_a_first_payment_is_written_about_once_and_when_it_arrives(client_id: int) -> None:
    first = Footing("none", "past_due", SINCE, "sub_1")
    letters = walk(client_id, [SOUND, first, replace(first, standing="unpaid"), SOUND])

    assert [letter.kind for letter in letters] == ["ladder_first_payment", "ladder_none"]
    assert "The plan starts as soon as you pay." in letters[0].body
    assert BILLING_LINK in letters[0].body
    assert "the plan has started" in letters[1].body


@pytest.mark.parametrize(
    "after",
    [replace(SOUND, standing="ended", stripe_subscription_id=None), replace(SOUND, stripe_subscription_id="sub_2")],
)
def test_a_subscription_that_ended_was_not_paid(client_id: int, after: Footing) -> None:
    letters = walk(client_id, [failing("grace"), after])

    assert letters == []


def test_where_nothing_is_taken_nothing_is_threatened(client_id: int) -> None:
    with transaction() as writing:
        writing.add(LadderSettings(warn_after_days=2, updated_at=SINCE))

    (letter,) = walk(client_id, [SOUND, failing("grace")])

    assert "Everything keeps working.\n" in letter.body


def test_what_is_skipped_is_not_written_about(client_id: int) -> None:
    """As after a day on which no worker ran, or for a client that was seen failing first."""
    with transaction() as writing:
        dunning_emails.write_if_due(writing, writing.get_one(Client, client_id), None, failing("limited"))
    with transaction() as reading:
        assert list(reading.scalars(select(OutgoingMail.kind))) == ["ladder_limited"]


def test_without_a_mail_server_nothing_is_written(client_id: int) -> None:
    with transaction() as writing:
        writing.get_one(MailSettings, 1).is_on = False

    assert walk(client_id, [SOUND, failing("grace")]) == []
