from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.auth import setup
from billingportal.errors import Conflict, Refusal
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.auth.setup_link import SetupLink
from billingportal.models.auth.staff import Staff


def new_token() -> str:
    with transaction() as session:
        return setup.new_link(session)


def create_owner(token: str, email: str = "mara@example.com") -> Staff:
    with transaction() as session:
        return setup.create_owner(session, token, name=" Mara ", email=email, password_hash="a hash")


def test_a_link_makes_the_owner_and_is_used_up(session: Session) -> None:
    token = new_token()
    assert setup.link_state(session, token) == "open"
    owner = create_owner(token, " Mara@Example.com ")
    assert (owner.name, owner.email, owner.role) == ("Mara", "mara@example.com", "owner")
    assert setup.link_state(session, token) == "used"
    assert session.scalars(select(AuditEntry.action)).all() == ["staff.created"]


def test_only_the_hash_of_a_token_is_stored(session: Session) -> None:
    token = new_token()
    link = session.scalars(select(SetupLink)).one()
    assert token not in (link.token_hash, str(link.id))


def test_a_link_works_once(session: Session) -> None:
    token = new_token()
    create_owner(token)
    with pytest.raises(Conflict):
        create_owner(token, "second@example.com")
    assert session.scalar(select(func.count(Staff.id))) == 1


def test_a_new_link_ends_the_older_one(session: Session) -> None:
    old, new = new_token(), new_token()
    assert setup.link_state(session, old) == "unknown"
    assert setup.link_state(session, new) == "open"


def test_a_link_ends_after_a_day(session: Session) -> None:
    token = new_token()
    with transaction() as writing:
        writing.scalars(select(SetupLink)).one().expires_at = clock.now() - timedelta(seconds=1)
    assert setup.link_state(session, token) == "expired"
    with pytest.raises(Conflict):
        create_owner(token)


def test_no_link_is_given_once_there_is_staff(session: Session, owner: Staff) -> None:
    with pytest.raises(Refusal):
        new_token()


def test_of_two_racing_people_only_one_becomes_owner(app: Flask, session: Session) -> None:
    token = new_token()
    session.rollback()
    together = Barrier(2)

    def race(email: str) -> bool:
        with app.app_context():
            together.wait()
            try:
                create_owner(token, email)
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(race, ["one@example.com", "two@example.com"])) == [False, True]
    assert session.scalar(select(func.count(Staff.id))) == 1
