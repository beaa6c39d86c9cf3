"""Settings > Mail: saved with the password sealed, tried out, and what became of letters."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.mail import outbox as mail_outbox
from billingportal.models import AuditEntry, Client, MailSettings, OutgoingMail
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client
from tests.support.people.mail_receiver import MailReceiver
from tests.support.stripe.portals import work

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/settings/mail"
PASSWORD = "open sesame"


@pytest.fixture
def receiver() -> Iterator[MailReceiver]:
    with MailReceiver(password=PASSWORD) as running:
        yield running


def typed(receiver: MailReceiver, **given: str) -> dict[str, str]:
    usual = {"host": "localhost", "port": str(receiver.port), "security": "none", "username": "portal"}
    return {**usual, "password": PASSWORD, "sender": "billing@north.example", "is_on": "y", **given}


def saved(session: Session) -> MailSettings | None:
    session.rollback()
    return session.scalars(select(MailSettings)).one_or_none()


def test_the_server_is_saved_and_its_password_never_comes_back(
    signed_in: Visitor, session: Session, receiver: MailReceiver
) -> None:
    assert "Not set up" in text_of(signed_in.get(PAGE))
    assert signed_in.submit(PAGE, typed(receiver)).location == PAGE
    page = signed_in.get(PAGE)
    assert 'value="localhost"' in page.text
    assert "Saved. Leave it empty to keep it." in text_of(page)
    assert PASSWORD not in page.text
    row = saved(session)
    assert row is not None
    assert PASSWORD not in str(row.password_sealed)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "mail_settings.updated")).one()
    assert "password" in entry.details["changed"]  # type: ignore[operator]
    assert PASSWORD not in str(entry.details)


def test_an_empty_password_keeps_the_saved_one(signed_in: Visitor, session: Session, receiver: MailReceiver) -> None:
    signed_in.submit(PAGE, typed(receiver))
    assert signed_in.submit(PAGE, typed(receiver, password="", sender="hello@north.example")).status_code == 303
    answer = signed_in.submit(f"{PAGE}/tests")
    assert answer.status_code == 303
    assert "took a test mail for owner@example.com" in text_of(signed_in.get(PAGE))
    (letter,) = receiver.received
    assert (letter["To"], letter["From"]) == ("owner@example.com", "Billing Portal <hello@north.example>")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("host", "https://smtp.example.com", "Write the name of the server alone"),
        ("host", "", "Write the name of the server alone"),
        ("port", "99999", "A port is a number"),
        ("security", "pigeon", "Choose how the connection is encrypted"),
        ("sender", "North <billing@north.example>", "This is not an email address"),
        ("sender", "billing@north.example\r\nBcc: a@b.example", "This is not an email address"),
        ("password", "", "Type the password of this user"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    signed_in: Visitor, session: Session, receiver: MailReceiver, field: str, value: str, words: str
) -> None:
    answer = signed_in.submit(PAGE, typed(receiver, **{field: value}))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'id="{field}-help"' in answer.text
    assert PASSWORD not in answer.text
    assert saved(session) is None


def test_the_password_goes_to_no_other_server_and_never_in_clear(
    signed_in: Visitor, session: Session, receiver: MailReceiver
) -> None:
    signed_in.submit(PAGE, typed(receiver))
    answer = signed_in.submit(PAGE, typed(receiver, host="smtp.elsewhere.example", security="tls", password=""))
    assert "Type the password for it." in text_of(answer)
    answer = signed_in.submit(PAGE, typed(receiver, host="smtp.elsewhere.example"))
    assert "would be read on the way" in text_of(answer)
    row = saved(session)
    assert row is not None
    assert row.host == "localhost"


def test_a_test_that_fails_says_what_the_server_said(signed_in: Visitor, receiver: MailReceiver) -> None:
    answer = signed_in.submit(f"{PAGE}/tests")
    assert (answer.status_code, "Save the mail server first." in text_of(answer)) == (422, True)
    signed_in.submit(PAGE, typed(receiver, password="not this"))
    answer = signed_in.submit(f"{PAGE}/tests")
    assert answer.status_code == 422
    assert "refused the user name or the password: 535 5.7.8 these are not known here" in text_of(answer)


def test_letters_are_listed_with_what_became_of_them(
    app: Flask, signed_in: Visitor, session: Session, receiver: MailReceiver
) -> None:
    signed_in.submit(PAGE, typed(receiver))
    client_id = new_client("<b>Harbor</b>")
    with transaction() as writing:
        for number in range(27):
            mail_outbox.write_mail(writing, client_id, "news", f"news {number}", f"News {number}", "All is well.")
    receiver.refusals["RCPT"] = "550 nobody"
    for _ in range(3):
        work(app)
    page = signed_in.get(PAGE)
    assert "&lt;b&gt;Harbor&lt;/b&gt;" in page.text
    assert "News 26" in page.text
    assert "News 1 " not in text_of(page)
    assert "Not sent" in text_of(page)
    assert "News 1 " in text_of(signed_in.get(f"{PAGE}?before=3"))
    receiver.refusals.clear()
    failed = session.scalars(select(OutgoingMail.id).where(OutgoingMail.state == "failed")).first()
    assert signed_in.submit(f"{PAGE}/outbox/{failed}/retries").status_code == 303
    work(app)
    assert signed_in.submit(f"{PAGE}/outbox/{failed}/retries").status_code == 422
    assert len(receiver.received) >= 1


def test_viewers_look_and_strangers_do_not(app: Flask, viewer: Visitor, receiver: MailReceiver) -> None:
    assert viewer.get(PAGE).status_code == 200
    for path in (PAGE, f"{PAGE}/tests", f"{PAGE}/outbox/1/retries"):
        assert viewer.submit(path, typed(receiver)).status_code == 403
    assert app.test_client().get(PAGE).location.startswith("/sign-in")


def test_a_new_link_comes_by_mail_and_nobody_learns_who_is_known(
    app: Flask, signed_in: Visitor, session: Session, receiver: MailReceiver
) -> None:
    assert "Mail me a new link" not in app.test_client().get("/portal/billing").text
    signed_in.submit(PAGE, typed(receiver))
    new_client("Harbor Dental", "desk@harbor.example")
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    assert "Mail me a new link" in visitor.get("/portal/billing").text
    answers = [
        visitor.submit("/portal/billing-link-requests", {"email": email})
        for email in ("Desk@Harbor.example", "desk@harbor.example", "nobody@harbor.example")
    ]
    assert len({text_of(answer) for answer in answers}) == 1
    assert session.scalars(select(OutgoingMail.kind)).all() == []
    work(app)
    session.rollback()
    assert session.scalars(select(OutgoingMail.kind)).all() == ["billing_link"]
    refused = visitor.submit("/portal/billing-link-requests", {"email": "nobody"})
    assert (refused.status_code, "This is not an email address" in text_of(refused)) == (422, True)


def test_an_email_that_was_not_sent_is_said_on_the_clients_page(
    app: Flask, signed_in: Visitor, session: Session, receiver: MailReceiver
) -> None:
    """The reason stands where the email belongs, until a later one is sent."""
    signed_in.submit(PAGE, typed(receiver))
    client_id = new_client("Harbor Dental", "desk@harbor.example")
    with transaction() as writing:
        writing.get_one(Client, client_id).canonical_email = "desk@harbor..example"
    client_page = f"/saas/clients/{client_id}"
    write_news(client_id, "News 1")
    assert "Email not sent" not in text_of(signed_in.get(client_page))
    work(app)
    words = text_of(signed_in.get(client_page))
    assert "Email not sent: News 1 This email cannot be sent: harbor..example is not the name of a domain" in words
    assert "harbor..example is not the name of a domain" in text_of(signed_in.get(PAGE))

    with transaction() as writing:
        writing.get_one(Client, client_id).canonical_email = "desk@harbor.example"
    write_news(client_id, "News 2")
    work(app)
    assert "Email not sent" not in text_of(signed_in.get(client_page))


def test_emails_that_wait_for_the_server_say_so_where_they_belong(
    app: Flask, signed_in: Visitor, session: Session, receiver: MailReceiver
) -> None:
    signed_in.submit(PAGE, typed(receiver, password="not this"))
    client_id = new_client()
    write_news(client_id, "News 1")
    work(app)
    words = text_of(signed_in.get(f"/saas/clients/{client_id}"))
    assert "Email not sent yet: News 1 The server refused the user name or the password: 535" in words
    assert "It is tried again by itself." in words
    assert "Emails wait: The server refused the user name" in text_of(signed_in.get("/settings/failed-payments"))


def write_news(client_id: int, subject: str) -> None:
    with transaction() as writing:
        mail_outbox.write_mail(writing, client_id, "news", subject, subject, "All is well.")
