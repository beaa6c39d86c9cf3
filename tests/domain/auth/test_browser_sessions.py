"""Sessions as rows: what begins, shows, and ends them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, spare_transaction, transaction
from billingportal.domain.auth import browser_sessions, staff
from billingportal.domain.auth.browser_names import browser_name
from billingportal.domain.auth.browser_sessions import Device
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.jobs import auth as auth_jobs
from billingportal.models import AuditEntry, BrowserSession, Client
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.people.clients import new_client

HERE = Device("192.0.2.7", "Firefox on Linux")
HOUR = timedelta(hours=1)


def start(owner_id: int, kind: type[Staff] | type[Client] = Staff, *, replaced: str | None = None) -> str:
    with transaction() as session:
        owner = session.get_one(Staff if kind is Staff else Client, owner_id, with_for_update=True)
        assert isinstance(owner, Staff | Client)
        return browser_sessions.start(session, owner, HERE, HOUR, replaced)


def is_running(session: Session, token: str) -> bool:
    session.rollback()
    found = browser_sessions.find(session, Staff, token), browser_sessions.find(session, Client, token)
    return any(found)


def change(owner_id: int, act: Callable[[Session, Staff], object]) -> None:
    with transaction() as session:
        act(session, session.get_one(Staff, owner_id))


def test_a_token_opens_its_own_kind_only_and_is_not_stored(session: Session, owner: Staff) -> None:
    token, clients = start(owner.id), start(new_client(), Client)

    found = browser_sessions.find(session, Staff, token)
    assert found is not None
    assert (found[1].id, found[0].browser, found[0].address) == (owner.id, "Firefox on Linux", "192.0.2.7")
    assert browser_sessions.find(session, Client, token) is None
    assert browser_sessions.find(session, Staff, clients) is None
    assert browser_sessions.find(session, Staff, found[0].token_hash) is None
    assert token not in session.scalars(select(BrowserSession.token_hash)).all()


def test_it_is_found_by_one_read_of_an_index(session: Session, owner: Staff) -> None:
    token = start(owner.id)
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *rest: object) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert browser_sessions.find(session, Staff, token) is not None
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    ((statement, parameters),) = [one for one in sent if one[0].startswith("SELECT")]
    if db.engine.dialect.name == "sqlite":
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        assert "token_hash=?" in str(plan)
        assert "SCAN" not in str(plan)


def test_each_way_to_end_sessions_ends_those_and_no_others(session: Session, owner: Staff) -> None:
    here, there, elsewhere = (start(owner.id) for _ in range(3))
    client = start(new_client(), Client)
    kept = browser_sessions.find(session, Staff, here)
    gone = browser_sessions.find(session, Staff, there)
    assert kept is not None
    assert gone is not None
    kept_id, gone_id = kept[0].id, gone[0].id

    with transaction() as writing:
        assert staff.sign_out_of(writing, owner.id, gone_id) == "Firefox on Linux"
        assert staff.sign_out_of(writing, owner.id, gone_id) is None
        assert staff.sign_out_of(writing, owner.id, 2**70) is None
    assert [is_running(session, one) for one in (here, there, elsewhere, client)] == [True, False, True, True]
    with transaction() as writing:
        assert staff.sign_out_elsewhere(writing, owner.id, kept_id) == 1
        assert staff.sign_out_elsewhere(writing, owner.id, kept_id) == 0
    assert [is_running(session, one) for one in (here, elsewhere, client)] == [True, False, True]
    change(owner.id, lambda writing, _: browser_sessions.end(writing, here))
    assert [is_running(session, one) for one in (here, client)] == [False, True]
    assert session.scalars(
        select(AuditEntry.summary).where(AuditEntry.action == "staff.signed_out_elsewhere")
    ).all() == [
        "Signed out of Firefox on Linux",
        "Signed out of 1 other session",
    ]


def test_nobody_ends_sessions_of_others(session: Session, owner: Staff) -> None:
    client_id = new_client()
    token = start(client_id, Client)
    found = browser_sessions.find(session, Client, token)
    assert found is not None
    session_id = found[0].id
    change(owner.id, lambda writing, person: browser_sessions.end_one(writing, person, session_id))
    change(owner.id, lambda writing, person: browser_sessions.end_others(writing, person, None))
    assert is_running(session, token)


def test_withdrawn_access_ends_all_sessions_and_hides_them(session: Session, owner: Staff) -> None:
    client_id = new_client()
    tokens = [start(client_id, Client) for _ in range(2)]
    with transaction() as writing:
        client_lifecycle.withdraw_access(writing, client_id, staff_id=owner.id)
    assert not any(is_running(session, one) for one in tokens)
    assert browser_sessions.listed(session, session.get_one(Client, client_id)) == []
    assert is_running(session, start(client_id, Client))


@pytest.mark.usefixtures("session")
def test_a_session_that_begins_while_access_is_withdrawn_is_over(app: Flask, owner: Staff) -> None:
    """Whichever is first: no session of the old generation is left."""
    client_id = new_client()

    def race(number: int) -> str | None:
        with app.app_context():
            if number % 2:
                return start(client_id, Client)
            with transaction() as writing:
                client_lifecycle.withdraw_access(writing, client_id, staff_id=owner.id)
            return None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(race, range(8)))
    with transaction() as writing:
        client = client_lifecycle.withdraw_access(writing, client_id, staff_id=owner.id)
        assert browser_sessions.listed(writing, client) == []


def test_the_oldest_sessions_make_room(session: Session, owner: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_sessions, "MOST", 3)
    tokens = [start(owner.id) for _ in range(5)]
    assert [is_running(session, one) for one in tokens] == [False, False, True, True, True]


def test_sessions_that_ran_out_are_pruned(session: Session, owner: Staff) -> None:
    old, young = start(owner.id), start(owner.id)
    with transaction() as writing:
        found = browser_sessions.find(writing, Staff, old)
        assert found is not None
        found[0].expires_at = clock.now()
    assert not is_running(session, old)

    auth_jobs.prune_sessions(current_portal())

    assert session.scalar(select(func.count(BrowserSession.id))) == 1
    assert is_running(session, young)


def test_being_seen_is_noted_and_never_waited_for(session: Session, owner: Staff) -> None:
    start(owner.id)
    row = session.scalars(select(BrowserSession)).one()
    session_id, later = row.id, clock.now() + timedelta(minutes=2)
    assert not browser_sessions.is_seen_long_ago(row, row.last_seen_at + timedelta(seconds=59))
    assert browser_sessions.is_seen_long_ago(row, row.last_seen_at + timedelta(seconds=60))
    session.rollback()

    def note() -> bool:
        with spare_transaction() as connection:
            if connection is None:
                return False
            browser_sessions.note_seen(connection, session_id, Device("192.0.2.8", "Chrome on Android"), later)
            return True

    with transaction() as writing:
        writing.scalars(select(BrowserSession).with_for_update()).one()
        # SQLite has one writer; PostgreSQL skips the row that somebody has locked.
        assert note() is (db.engine.dialect.name == "postgresql")
    assert session.scalars(select(BrowserSession)).one().browser == "Firefox on Linux"
    session.rollback()
    assert note()
    row = session.scalars(select(BrowserSession)).one()
    assert (row.last_seen_at, row.address, row.browser) == (later, "192.0.2.8", "Chrome on Android")


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 "
            "Safari/537.36 Edg/156.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/19.1 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile "
            "Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 "
            "Safari/605.1.15",
            "Safari on macOS",
        ),
        ("curl/8.14.1", "curl"),
        ("", "Unknown browser"),
        ("<script>\x00\ud800", "Unknown browser"),
    ],
)
def test_browsers_are_told_in_words(user_agent: str, words: str) -> None:
    assert browser_name(user_agent) == words


@pytest.mark.parametrize(
    ("address", "kept"),
    [("192.0.2.7", "192.0.2.7"), ("2001:DB8::1", "2001:db8::1"), (None, ""), ("unknown, <b>\x00", "")],
)
def test_an_address_is_kept_only_if_it_is_one(address: str | None, kept: str) -> None:
    assert Device.of(address, "").address == kept
