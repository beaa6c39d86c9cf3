"""Settings > Outgoing webhooks: adding addresses, secrets shown once, messages looked at and sent again."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.domain.outgoing_webhooks.retries import PAUSES
from billingportal.models import AuditEntry, OutgoingDelivery, OutgoingEndpoint
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client
from tests.support.usage.host_platform import HostPlatform, add_endpoint, deliver, pass_time

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/settings/outgoing-webhooks"
HOSTILE = "<script>alert(1)</script>\"'&\u202e"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allows_private_webhooks=True)


@pytest.fixture
def platform() -> Iterator[HostPlatform]:
    with HostPlatform() as running:
        yield running


def endpoint_of(session: Session) -> OutgoingEndpoint:
    session.rollback()
    return session.scalars(select(OutgoingEndpoint)).one()


def tell(client_id: int | None, number: int = 1) -> None:
    with transaction() as session:
        record_event(session, "test", "limit.reached", client_id, {"number": number})


def test_an_address_is_added_and_its_secret_is_shown_once(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    assert "Tell your platform what changes" in text_of(signed_in.get(PAGE))
    assert signed_in.get(f"{PAGE}/new").status_code == 200
    answer = signed_in.submit(PAGE, {"url": platform.url(), "events": "limit.reached"})
    (secret,) = set(re.findall(r"whsec_[\w+/]{40,}=*", answer.text))
    assert answer.headers["Cache-Control"] == "no-store"
    tell(None)
    deliver()
    platform.arrived[0].verify(secret)
    for path in (PAGE, f"{PAGE}/1", f"{PAGE}/1/edit"):
        page = signed_in.get(path)
        assert platform.url() in page.text
        assert secret not in page.text
    assert secret not in str([entry.details for entry in session.scalars(select(AuditEntry))])
    again = signed_in.submit(PAGE, {"url": platform.url(), "events": "limit.reached"})
    assert (again.status_code, "This address is there already." in text_of(again)) == (422, True)


@pytest.mark.parametrize(
    ("url", "events", "words"),
    [
        ("http://169.254.169.254/latest", "limit.reached", "169.254.169.254 is a link-local address"),
        ("https://user:secret@chat.example.com/", "limit.reached", "Leave out the user name and password"),
        (HOSTILE, "limit.reached", "Enter a complete address"),
        ("https://chat.example.com/", "", "Choose at least one event"),
        ("https://chat.example.com/", "no.such.event", "Choose at least one event"),
        ("https://chat.example.com/", "webhook.test", "Choose at least one event"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    signed_in: Visitor, session: Session, url: str, events: str, words: str
) -> None:
    answer = signed_in.submit(PAGE, {"url": url, "events": events})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "<script>alert" not in answer.text
    assert session.scalars(select(OutgoingEndpoint)).all() == []


def test_without_the_setting_an_address_is_public_and_https(app: Flask, signed_in: Visitor) -> None:
    portal = app.extensions["billingportal"]
    app.extensions["billingportal"] = replace(portal, settings=replace(portal.settings, allows_private_webhooks=False))
    for url, words in {
        "https://10.0.4.12/hooks": "10.0.4.12 is a private address",
        "http://chat.example.com/hooks": "Use an address that starts with https://",
        "https://localhost/hooks": "localhost is a name of a private network",
    }.items():
        answer = signed_in.submit(PAGE, {"url": url, "events": "limit.reached"})
        assert (answer.status_code, words in text_of(answer)) == (422, True), url


def test_a_message_fails_is_looked_at_and_sent_again(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    add_endpoint(platform.url(), "limit.reached")
    platform.usually = 500
    client_id = new_client(HOSTILE)
    tell(client_id, 1)
    tell(client_id, 2)
    deliver()
    pass_time(timedelta(seconds=6))
    deliver()
    page = signed_in.get(f"{PAGE}/1")
    words = text_of(page)
    for expected in (
        "Failing since",
        "Next try",
        "2 tries",
        "Waits for the one before",
        "database is locked",
        "2, oldest",
        "webhook-id: msg_",
    ):
        assert expected in words, expected
    assert "<script>alert" not in page.text
    platform.usually = 200
    item = signed_in.swap(f"{PAGE}/1/messages/1/resends")
    assert item.text.strip().startswith("<li")
    assert "Sending…" in text_of(item)
    assert 'hx-trigger="every 2s"' in item.text
    deliver()
    done = signed_in.open(f"{PAGE}/1/messages/1", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "Taken on try 3" in text_of(done)
    assert "every 2s" not in done.text
    assert [one.data["number"] for one in platform.arrived] == [1, 1, 1, 2]
    assert signed_in.submit(f"{PAGE}/1/messages/2/resends").status_code == 303
    deliver()
    assert platform.arrived[-1].webhook_id == platform.arrived[-2].webhook_id


def test_a_set_aside_message_is_tried_once_more_and_holds_up_nobody(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    add_endpoint(platform.url(), "limit.reached")
    stuck = new_client("Stuck")
    platform.usually = 500
    tell(stuck, 1)
    with transaction() as writing:
        writing.get_one(OutgoingDelivery, 1).attempts = len(PAUSES)
    deliver()
    assert "Set aside after 10 tries" in text_of(signed_in.get(f"{PAGE}/1?state=failed"))
    signed_in.submit(f"{PAGE}/1/messages/1/resends")
    tell(stuck, 2)
    deliver()
    assert "Failed, 11 tries" in text_of(signed_in.get(f"{PAGE}/1"))
    assert sorted(str(one.data["number"]) for one in platform.arrived) == ["1", "1", "2"]


def test_a_test_is_sent_while_the_address_is_paused_or_off(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    add_endpoint(platform.url(), "limit.reached")
    assert signed_in.submit(f"{PAGE}/1/pauses").location == f"{PAGE}/1"
    assert "Paused by Mara Owner" in text_of(signed_in.get(f"{PAGE}/1"))
    assert "By Mara Owner" in text_of(signed_in.get(PAGE))
    tell(None)
    item = signed_in.swap(f"{PAGE}/1/messages/tests")
    assert "Sent by Mara Owner" in text_of(item)
    deliver()
    assert platform.types() == ["webhook.test"]
    refused = signed_in.submit(f"{PAGE}/1/messages/1/resends")
    assert "Switch the address on to send it" in text_of(refused)
    assert signed_in.submit(f"{PAGE}/1/resumptions").status_code == 303
    deliver()
    assert platform.types() == ["webhook.test", "limit.reached"]


def test_an_address_that_was_switched_off_is_said_on_every_page(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    add_endpoint(platform.url(), "limit.reached")
    tell(None)
    platform.usually = 410
    deliver()
    assert "Needs attention" in text_of(signed_in.get("/profile"))
    assert "answered 410 Gone. 1 message waits for it" in text_of(signed_in.get(PAGE))
    page = text_of(signed_in.get(f"{PAGE}/1"))
    assert "it answered 410 Gone" in page
    assert "Switch on and catch up" in page
    signed_in.submit(f"{PAGE}/1/resumptions")
    assert "Needs attention" not in text_of(signed_in.get("/profile"))


def test_a_secret_is_rotated_once_per_click(signed_in: Visitor, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url())
    seen = endpoint_of(session).secret_end
    answer = signed_in.submit(f"{PAGE}/1/secrets", {"secret_end": seen})
    assert "every message carries two signatures" in text_of(answer)
    assert "On, two secrets" in text_of(answer)
    now_there = endpoint_of(session).secret_end
    again = signed_in.submit(f"{PAGE}/1/secrets", {"secret_end": seen})
    assert (again.status_code, "rotated already" in text_of(again)) == (422, True)
    assert endpoint_of(session).secret_end == now_there


def test_an_address_is_changed_and_deleted(signed_in: Visitor, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url())
    answer = signed_in.submit(f"{PAGE}/1", {"url": platform.url(path="/other"), "events": "invoice.paid"})
    assert answer.location == f"{PAGE}/1"
    assert (endpoint_of(session).url, endpoint_of(session).events) == (platform.url(path="/other"), ["invoice.paid"])
    assert signed_in.submit(f"{PAGE}/1/deletion").location == PAGE
    assert endpoint_of(session).secret_sealed is None
    for path in (f"{PAGE}/1", f"{PAGE}/1/edit"):
        assert signed_in.get(path).status_code == 404
    for path in ("pauses", "secrets", "deletion", "messages/tests", "messages/1/resends"):
        assert signed_in.submit(f"{PAGE}/1/{path}").status_code == 404


POSTS = ("", "/1", "/1/pauses", "/1/resumptions", "/1/secrets", "/1/deletion", "/1/messages/tests")


def test_a_viewer_looks_and_changes_nothing(viewer: Visitor, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url())
    tell(None)
    for path in (PAGE, f"{PAGE}/1"):
        page = viewer.get(path)
        assert page.status_code == 200
        main = page.text.partition('id="main"')[2]
        for word in ("Resend", "Send test", "Rotate secret", "Add address", "Delete"):
            assert word not in main.partition('id="confirm"')[0], word
    for path in ("/new", "/1/edit"):
        assert viewer.get(PAGE + path).status_code == 403
    for path in (*POSTS, "/1/messages/1/resends"):
        assert viewer.submit(PAGE + path).status_code == 403
    assert endpoint_of(session).state == "on"


def test_a_stranger_is_led_to_sign_in(client: Visitor, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url())
    for path in ("", "/new", "/1", "/1/edit", "/1/messages/1"):
        assert client.get(PAGE + path).status_code == 303
    for path in POSTS:
        assert client.submit(PAGE + path).status_code in (303, 401)
    assert endpoint_of(session).deleted_at is None


def test_an_address_of_the_other_mode_is_hidden(signed_in: Visitor, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url())
    signed_in.submit("/mode", {"mode": "live"})
    assert "Tell your platform what changes" in text_of(signed_in.get(PAGE))
    assert signed_in.get(f"{PAGE}/1").status_code == 404
    assert signed_in.submit(f"{PAGE}/1/deletion").status_code == 404


def test_the_list_has_pages_and_filters(signed_in: Visitor, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url())
    for number in range(27):
        tell(None, number)
    page = signed_in.get(f"{PAGE}/1?type=limit.reached&state=waiting")
    assert page.text.count('<li class="message"') == 25
    older = re.search(r'href="([^"]*before=\d+[^"]*)"', page.text)
    assert older is not None
    path = older.group(1).replace("&amp;", "&").partition("#")[0]
    assert "state=waiting" in path
    assert signed_in.get(path).text.count('<li class="message"') == 2
    assert "No message matches" in text_of(signed_in.get(f"{PAGE}/1?type=invoice.paid"))
    for odd in ("?state=%00", "?before=x", "?before=99999999999999999999999", "?type=%3Cscript%3E"):
        assert signed_in.get(f"{PAGE}/1{odd}").status_code in (200, 400)


def test_looking_at_the_pages_costs_the_same_however_many_messages_there_are(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    add_endpoint(platform.url())
    counts = []
    for more in (2, 20):
        for number in range(more):
            tell(None, number)
        asked: list[str] = []
        listener = lambda *given, asked=asked: asked.append(str(given[2]))  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        signed_in.get(f"{PAGE}/1")
        event.remove(db.engine, "before_cursor_execute", listener)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_an_address_without_its_secret_is_rotated_first(
    signed_in: Visitor, session: Session, platform: HostPlatform
) -> None:
    endpoint_id, _ = add_endpoint(platform.url(), "limit.reached")
    with transaction() as writing:
        row = writing.get_one(OutgoingEndpoint, endpoint_id)
        row.secret_sealed, row.state, row.paused_at = None, "paused", row.created_at
        row.last_problem = "The stored secret was dropped."
    assert "The stored secret was dropped." in text_of(signed_in.get(f"{PAGE}/{endpoint_id}"))
    answer = signed_in.submit(f"{PAGE}/{endpoint_id}/resumptions")
    assert (answer.status_code, "Rotate the secret first" in text_of(answer)) == (422, True)
    signed_in.submit(f"{PAGE}/{endpoint_id}/tests")
    deliver()
    assert platform.arrived == []
