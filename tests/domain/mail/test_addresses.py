"""Every brand, sender and recipient: the email arrives from and for the right address, or its reason is said."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.domain.mail import delivery as mail_delivery
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.mail.addresses import ascii_domain
from billingportal.domain.mail.settings import Typed
from billingportal.domain.mail.smtp import MailProblem, MailServer, deliver
from billingportal.errors import Refusal
from billingportal.models import Branding, Client, MailSettings, OutgoingMail
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.people.mail_receiver import MailReceiver

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
BRANDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60)


@pytest.fixture
def receiver() -> Iterator[MailReceiver]:
    with MailReceiver() as running:
        yield running


def read_back(message: EmailMessage) -> EmailMessage:
    return message_from_bytes(message.as_bytes(), policy=policy.default)


def save_sender(session: Session, port: int, sender: str) -> None:
    with transaction() as writing:
        server = {"host": "127.0.0.1", "port": port, "security": "none", "sender": sender}
        writing.add(MailSettings(**server, updated_at=clock.now()))


def write_letters(*emails: str) -> None:
    """One client for each address, with one email."""
    with transaction() as writing:
        for email in emails:
            client = Client(
                mode="test",
                name="Harbor",
                email=email,
                canonical_email=canonical_address(email),
                source="staff",
                created_at=clock.now(),
            )
            writing.add(client)
            writing.flush()
            letter = mail_messages.Letter("news", "News", ("All is well.",))
            mail_messages.post(writing, client, f"news to {email}", letter)


def send() -> int:
    portal = current_portal()
    return mail_delivery.send_due(transaction, portal.vault, portal.settings)


def problems(session: Session) -> dict[str, tuple[str, str]]:
    session.rollback()
    rows = session.execute(select(Client.email, OutgoingMail.state, OutgoingMail.problem).join(OutgoingMail))
    return {email: (state, problem) for email, state, problem in rows}


@given(BRANDS)
@example("Ärzte @ Home")
@example('Ärzte, GmbH (a) <other@sender.example>; "x"')
def test_every_brand_is_the_name_beside_the_senders_address(brand: str) -> None:
    message = mail_delivery.compose("billing@north.example", brand, "desk@harbor.example", "News", "Well.", "1")
    (origin,) = read_back(message)["From"].addresses
    assert origin.addr_spec == "billing@north.example"
    assert origin.display_name.replace(" ", "") == "".join(brand.split()) or not brand.isascii()


@pytest.mark.parametrize("brand", ["Ärzte @ Home", "North, Inc.", 'The "North"', "Øst; Vest"])
def test_the_brand_is_read_as_it_was_written(brand: str) -> None:
    message = mail_delivery.compose("billing@north.example", brand, "desk@harbor.example", "News", "Well.", "1")
    (origin,) = read_back(message)["From"].addresses
    assert origin.display_name == brand


@ONE_DATABASE
def test_a_sender_with_an_international_domain_is_saved_and_sends(
    session: Session, owner: Staff, receiver: MailReceiver
) -> None:
    typed = Typed("127.0.0.1", str(receiver.port), "none", "", "", "rechnung@bücher.example", is_on=True)
    with transaction() as writing:
        mail_settings.save_settings(writing, current_portal().vault, typed, staff_id=owner.id)
        writing.add(Branding(id=1, name="Ärzte @ Home", colour="#336699", updated_at=clock.now()))
    write_letters("desk@harbor.example", "büro@straßenbahn.example", "kasse@bäcker.example", "kasse@straße.example")

    assert send() == 3

    senders = {letter["From"].addresses[0].addr_spec for letter in receiver.received}
    assert senders == {"rechnung@xn--bcher-kva.example"}
    recipients = {letter["To"].addresses[0].addr_spec for letter in receiver.received}
    assert recipients == {"desk@harbor.example", "kasse@xn--bcker-gra.example", "kasse@xn--strae-oqa.example"}
    assert all(letter["Message-ID"].endswith("@xn--bcher-kva.example>") for letter in receiver.received)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ("büro@north.example", "Use ASCII characters before the @"),
        ("billing@north..example", "not an email address"),
        (f"billing@{'x' * 64}.example", "not an email address"),
        ("billing.@north.example", "not an email address"),
    ],
)
def test_a_sender_that_no_email_can_come_from_is_refused_in_words(
    session: Session, owner: Staff, sender: str, words: str
) -> None:
    typed = Typed("127.0.0.1", "25", "none", "", "", sender, is_on=True)
    with pytest.raises(Refusal, match=words) as refused, transaction() as writing:
        mail_settings.save_settings(writing, current_portal().vault, typed, staff_id=owner.id)
    assert refused.value.field == "sender"


@ONE_DATABASE
@pytest.mark.parametrize(("name", "value"), [("username", "jösé"), ("password", "pässword"), ("host", "a..example")])
def test_a_login_that_cannot_be_sent_is_refused_at_its_field(
    session: Session, owner: Staff, name: str, value: str
) -> None:
    given = {"host": "smtp.example", "username": "portal", "password": "open sesame", name: value}
    typed = Typed(port="465", security="tls", sender="billing@north.example", is_on=True, **given)
    with pytest.raises(Refusal) as refused, transaction() as writing:
        mail_settings.save_settings(writing, current_portal().vault, typed, staff_id=owner.id)
    assert refused.value.field == name


@ONE_DATABASE
def test_an_email_that_cannot_be_sent_says_why_and_stops_no_other(
    session: Session, owner: Staff, receiver: MailReceiver
) -> None:
    save_sender(session, receiver.port, "billing@north.example")
    good = ["first@harbor.example", "last@harbor.example"]
    bad = ["x@a..example", ".x@harbor.example", "jösé@harbor.example"]
    write_letters(good[0], *bad, good[1])

    assert send() == 2

    assert [letter["To"] for letter in receiver.received] == good
    found = problems(session)
    assert {found[email] for email in good} == {("sent", "")}
    assert [found[email][0] for email in bad] == ["failed"] * 3
    assert "a..example is not the name of a domain" in found["x@a..example"][1]
    assert "SMTPUTF8" in found["jösé@harbor.example"][1]


@ONE_DATABASE
def test_one_address_with_a_comma_is_never_two_recipients(
    session: Session, owner: Staff, receiver: MailReceiver
) -> None:
    save_sender(session, receiver.port, "billing@north.example")
    write_letters("desk,other@harbor.example")
    send()
    assert [[one.username for one in letter["To"].addresses] for letter in receiver.received] == [["desk,other"]]


@ONE_DATABASE
def test_a_saved_sender_that_cannot_send_is_the_servers_problem(
    session: Session, owner: Staff, receiver: MailReceiver
) -> None:
    """Saved before such senders were refused: the emails wait until the settings are corrected."""
    save_sender(session, receiver.port, "billing@north..example")
    write_letters("first@harbor.example", "last@harbor.example")
    assert send() == 0
    assert {state for state, _ in problems(session).values()} == {"waiting"}
    assert "The sender billing@north..example" in session.get_one(MailSettings, 1).problem


@pytest.mark.parametrize("login", [("jösé", "open sesame"), ("portal", "pässword")])
def test_a_saved_login_that_cannot_be_sent_is_said_in_words(login: tuple[str, str]) -> None:
    message = mail_delivery.compose("billing@north.example", "North", "desk@harbor.example", "News", "Well.", "1")
    with MailReceiver(password="open sesame") as receiver:
        with pytest.raises(MailProblem, match="characters that are not ASCII"):
            deliver(MailServer("127.0.0.1", receiver.port, "none", *login), message)
        with pytest.raises(MailProblem, match="not the name of a server"):
            deliver(MailServer("a..example", receiver.port, "none", "", ""), message)


@given(st.text(max_size=80))
@example("faß.example")
@example("a\u200db.example")
def test_a_domain_in_ascii_is_the_same_domain_or_none(domain: str) -> None:
    try:
        encoded = ascii_domain(domain)
    except ValueError:
        return
    assert encoded.isascii()
    assert ascii_domain(encoded) == encoded
    assert "" not in encoded.split(".")
