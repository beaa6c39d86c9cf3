"""Letters leave exactly as they were written, wait where the server is away, and are given up where it says no."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.clients import clients
from billingportal.domain.clients.clients import ClientTerms
from billingportal.domain.common.audit import by_staff
from billingportal.domain.mail import delivery as mail_delivery
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import outbox as mail_outbox
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.mail.settings import Typed
from billingportal.domain.mail.smtp import MailProblem, MailServer, deliver
from billingportal.models import Client, MailSettings, OutgoingMail
from billingportal.models.auth.staff import Staff
from billingportal.models.mail.mail_settings import MailSecurity
from billingportal.portal import current_portal
from billingportal.runtime.ports import free_port
from tests.support.certificates import certificate
from tests.support.people.mail_receiver import MailReceiver

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def receiver() -> Iterator[MailReceiver]:
    with MailReceiver(password="open sesame") as running:
        yield running


@pytest.fixture
def client_id(session: Session, owner: Staff, receiver: MailReceiver) -> int:
    """A client, with letters switched on."""
    save_server(receiver.port)
    with transaction() as writing:
        client = Client(
            mode="test",
            name="Harbor Dental",
            email="desk@harbor.example",
            canonical_email="desk@harbor.example",
            source="staff",
            created_at=clock.now(),
        )
        writing.add(client)
    return client.id


def save_server(port: int, **given: Any) -> None:
    typed = Typed("127.0.0.1", str(port), "none", "portal", "open sesame", "billing@north.example", is_on=True)
    with transaction() as writing:
        mail_settings.save_settings(writing, current_portal().vault, replace(typed, **given), staff_id=1)


def write(client_id: int, occasion: str = "first", body: str = "All is well.\n\n.A point at the start.") -> bool:
    with transaction() as writing:
        return mail_outbox.write_mail(writing, client_id, "news", occasion, "News\r\nBcc: other@harbor.example", body)


def send(settings: Settings | None = None) -> int:
    portal = current_portal()
    return mail_delivery.send_due(transaction, portal.vault, settings or portal.settings)


def states(session: Session) -> list[tuple[str, int, str]]:
    session.rollback()
    rows = session.execute(
        select(OutgoingMail.state, OutgoingMail.attempts, OutgoingMail.problem).order_by(OutgoingMail.id)
    )
    return [(state, attempts, problem) for state, attempts, problem in rows]


def make_due(session: Session, **given: object) -> None:
    with transaction() as writing:
        for mail in writing.scalars(select(OutgoingMail)):
            mail.next_attempt_at = clock.now()
            for name, value in given.items():
                setattr(mail, name, value)


def problem_of_server(session: Session) -> str:
    session.rollback()
    return session.get_one(MailSettings, 1).problem


def test_a_letter_arrives_once_as_it_was_written(session: Session, receiver: MailReceiver, client_id: int) -> None:
    assert write(client_id)
    assert not write(client_id)
    assert (send(), send()) == (1, 0)
    (letter,) = receiver.received
    assert letter["To"] == "desk@harbor.example"
    assert letter["From"] == "Billing Portal <billing@north.example>"
    assert letter["Subject"] == "News Bcc: other@harbor.example"
    assert letter["Bcc"] is None
    assert letter.get_content().replace("\r\n", "\n") == "All is well.\n\n.A point at the start.\n"
    assert states(session) == [("sent", 1, "")]


def test_without_a_server_nothing_is_written(session: Session, receiver: MailReceiver, client_id: int) -> None:
    save_server(receiver.port, is_on=False)
    assert not write(client_id)
    with transaction() as writing:
        writing.delete(writing.get_one(MailSettings, 1))
    assert not write(client_id)
    assert states(session) == []


def test_a_letter_waits_while_mail_is_switched_off(session: Session, receiver: MailReceiver, client_id: int) -> None:
    write(client_id)
    save_server(receiver.port, is_on=False)
    assert send() == 0
    save_server(receiver.port)
    assert send() == 1


def test_a_server_that_is_away_costs_no_letter_an_attempt(
    session: Session, receiver: MailReceiver, client_id: int
) -> None:
    write(client_id)
    write(client_id, "second")
    save_server(free_port(0))
    assert send() == 0
    assert {(state, attempts) for state, attempts, _ in states(session)} == {("waiting", 0)}
    assert "nothing answers there" in problem_of_server(session)
    assert send() == 0
    save_server(receiver.port)
    make_due(session)
    assert send() == 2
    assert problem_of_server(session) == ""


@ONE_DATABASE
def test_news_of_some_days_ago_is_not_sent_any_more(session: Session, client_id: int) -> None:
    write(client_id)
    save_server(free_port(0))
    make_due(session, created_at=clock.now() - timedelta(days=4))
    send()
    assert [state for state, _, _ in states(session)] == ["failed"]


@ONE_DATABASE
def test_a_refused_recipient_is_final_and_holds_up_no_other(
    session: Session, owner: Staff, receiver: MailReceiver, client_id: int
) -> None:
    write(client_id)
    write(client_id, "second")
    receiver.refusals["RCPT"] = "550 5.1.1 no such\tperson"
    assert send() == 0
    assert states(session) == [("failed", 1, "The server refused the recipient: 550 5.1.1 no such person")] * 2
    receiver.refusals.clear()
    with transaction() as writing:
        mail_outbox.try_again(writing, 1, staff_id=owner.id)
    assert send() == 1


@ONE_DATABASE
@pytest.mark.parametrize("verb", ["RCPT", "CONTENT"])
def test_a_temporary_no_is_asked_again_and_given_up_at_last(
    session: Session, receiver: MailReceiver, client_id: int, verb: str
) -> None:
    write(client_id)
    receiver.refusals[verb] = "451 later"
    for _ in range(len(mail_delivery.PAUSES)):
        send()
        assert [state for state, _, _ in states(session)] == ["waiting"]
        make_due(session)
    send()
    assert [state for state, _, _ in states(session)] == ["failed"]


@ONE_DATABASE
def test_a_billing_link_is_made_on_the_way_and_stored_nowhere(
    app: Flask, session: Session, receiver: MailReceiver, client_id: int
) -> None:
    with transaction() as writing:
        client = writing.get_one(Client, client_id)
        assert mail_messages.post(writing, client, "link", mail_messages.billing_link("North"))
    send(replace(current_portal().settings, public_url=None))
    assert states(session) == [("waiting", 1, mail_delivery.NO_ADDRESS)]
    make_due(session)
    assert send(replace(current_portal().settings, public_url="https://billing.example")) == 1
    words = receiver.received[0].get_content()
    (address,) = [line for line in words.splitlines() if line.startswith("https://billing.example/")]
    visitor = app.test_client()
    assert visitor.get(address.removeprefix("https://billing.example")).status_code == 303
    assert "/portal/billing-link/" not in session.scalars(select(OutgoingMail.body)).one()


@ONE_DATABASE
def test_a_link_on_its_way_to_the_old_address_opens_nothing(
    app: Flask, session: Session, owner: Staff, receiver: MailReceiver, client_id: int
) -> None:
    """The address changes while a worker has the letter in its hands."""
    with transaction() as writing:
        mail_messages.post(writing, writing.get_one(Client, client_id), "link", mail_messages.billing_link("North"))
    portal = current_portal()
    with transaction() as writing:
        claimed = mail_delivery.claim(writing, portal.vault, clock.now())
    assert claimed is not None
    with transaction() as writing:
        terms = ClientTerms("Harbor", "new@harbor.example")
        clients.update_client(writing, client_id, terms, revision=1, author=by_staff(owner.id))
    settings = replace(portal.settings, public_url="https://billing.example")

    (letter,) = claimed.letters
    words = mail_delivery.message(claimed, letter, settings).get_content()

    (address,) = [line for line in words.splitlines() if line.startswith("https://billing.example/")]
    assert app.test_client().get(address.removeprefix("https://billing.example")).status_code == 410


@ONE_DATABASE
def test_a_claimed_letter_is_left_to_its_worker(session: Session, client_id: int) -> None:
    write(client_id)
    portal = current_portal()
    with transaction() as writing:
        first = mail_delivery.claim(writing, portal.vault, clock.now())
    with transaction() as writing:
        second = mail_delivery.claim(writing, portal.vault, clock.now())
    assert first is not None
    assert second is None


@ONE_DATABASE
def test_a_password_that_cannot_be_opened_is_told(session: Session, client_id: int) -> None:
    write(client_id)
    with transaction() as writing:
        writing.get_one(MailSettings, 1).password_sealed = "sealed with a key that is gone"
    assert send() == 0
    assert "Type it again." in problem_of_server(session)


MESSAGE = mail_delivery.compose("billing@north.example", "North", "desk@harbor.example", "News", "All is well.", "1")


def server(port: int, security: MailSecurity = "none") -> MailServer:
    return MailServer("127.0.0.1", port, security, "portal", "open sesame")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_encrypted_server_gets_its_letters(tmp_path: Path, security: MailSecurity) -> None:
    ours = certificate(tmp_path)
    with MailReceiver(password="open sesame", tls=ours.server, starts_encrypted=security == "tls") as receiver:
        deliver(server(receiver.port, security), MESSAGE, trust=ours.client)
        assert len(receiver.received) == 1
        assert ("STARTTLS" in receiver.said) == (security == "starttls")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, security: MailSecurity) -> None:
    ours = certificate(tmp_path)
    with MailReceiver(tls=ours.server, starts_encrypted=security == "tls") as receiver:
        with pytest.raises(MailProblem, match=r"certificate of 127.0.0.1:.* is not valid"):
            deliver(server(receiver.port, security), MESSAGE)
        assert receiver.received == []


@pytest.mark.parametrize(
    ("security", "refusals", "words"),
    [
        ("starttls", {}, "does not offer what the settings ask for"),
        ("tls", {}, "did not speak TLS"),
        ("none", {"AUTH": "535 5.7.8 wrong"}, "refused the user name or the password: 535 5.7.8 wrong"),
        ("none", {"MAIL": "550 not you"}, "refused the sender: 550 not you"),
        ("none", {"EHLO": "hang up"}, "hung up"),
        ("none", {"EHLO": "421 busy", "HELO": "421 busy"}, "answered: 421 busy"),
    ],
)
def test_what_is_wrong_with_a_server_is_said_in_words(
    security: MailSecurity, refusals: dict[str, str], words: str
) -> None:
    with MailReceiver(password="open sesame") as receiver:
        receiver.refusals.update(refusals)
        with pytest.raises(MailProblem, match=words) as caught:
            deliver(server(receiver.port, security), MESSAGE)
        assert not caught.value.is_about_letter


def test_a_server_that_nobody_knows_is_said_in_words() -> None:
    with pytest.raises(MailProblem, match="no server has this name"):
        deliver(replace(server(25), host="mail.invalid"), MESSAGE)


def test_the_password_never_shows_itself() -> None:
    assert "sesame" not in repr(server(25))
