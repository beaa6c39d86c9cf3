from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.auth import sign_in
from billingportal.domain.auth.sign_in import Throttled
from billingportal.models.auth.sign_in_attempt import SignInAttempt
from billingportal.models.auth.staff import Staff


def attempt(email: str = "mara@example.com", address: str = "192.0.2.1") -> int:
    with transaction() as session:
        return sign_in.admit_attempt(session, email, address)


def let_pass(time: timedelta) -> None:
    """Make every attempt older, as if that time had passed."""
    with transaction() as session:
        for row in session.scalars(select(SignInAttempt)):
            row.attempted_at -= time


@pytest.mark.usefixtures("session")
def test_an_account_is_closed_after_five_wrong_attempts_from_anywhere() -> None:
    for number in range(5):
        attempt(address=f"192.0.2.{number}")
    with pytest.raises(Throttled) as throttled:
        attempt(" Mara@Example.COM ", "198.51.100.1")
    wait = throttled.value.until - clock.now()
    assert timedelta(minutes=14, seconds=50) < wait <= timedelta(minutes=15)
    attempt("other@example.com", "192.0.2.1")


@pytest.mark.usefixtures("session")
def test_an_address_is_closed_after_twenty_wrong_attempts_on_any_account() -> None:
    for number in range(20):
        attempt(f"person{number}@example.com")
    with pytest.raises(Throttled):
        attempt("one-more@example.com")
    attempt("one-more@example.com", "198.51.100.1")


@pytest.mark.usefixtures("session")
def test_one_network_of_ipv6_counts_as_one_address() -> None:
    for number in range(20):
        attempt(f"person{number}@example.com", f"2001:db8:0:1::{number:x}")
    with pytest.raises(Throttled):
        attempt("one-more@example.com", "2001:db8:0:1:ffff::1")
    attempt("one-more@example.com", "2001:db8:0:2::1")


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("unix socket", "unix socket"),
    ],
)
def test_an_address_is_counted_by_what_one_customer_owns(address: str, counted_as: str) -> None:
    assert sign_in.network_of(address) == counted_as


def test_attempts_are_forgotten_after_the_window(session: Session) -> None:
    for _ in range(5):
        attempt()
    let_pass(timedelta(minutes=16))
    attempt()
    session.rollback()
    assert session.scalar(select(func.count(SignInAttempt.id))) == 1


def test_the_wait_ends_when_the_oldest_of_the_five_leaves_the_window(session: Session) -> None:
    first = attempt()
    with transaction() as writing:
        earlier = clock.now() - timedelta(minutes=10)
        writing.execute(update(SignInAttempt).where(SignInAttempt.id == first).values(attempted_at=earlier))
    for _ in range(4):
        attempt()
    with pytest.raises(Throttled) as throttled:
        attempt()
    assert throttled.value.until - clock.now() <= timedelta(minutes=5)


@pytest.mark.usefixtures("session")
def test_right_attempts_do_not_count() -> None:
    for _ in range(10):
        attempt_id = attempt()
        with transaction() as session:
            sign_in.forgive_attempt(session, attempt_id)
    attempt()


def test_what_was_typed_is_not_stored_in_clear(session: Session) -> None:
    attempt("my secret password")
    row = session.scalars(select(SignInAttempt)).one()
    assert "secret" not in row.account_hash


def test_racing_attempts_are_all_counted(app: Flask, session: Session) -> None:
    def race(number: int) -> bool:
        with app.app_context():
            try:
                attempt(address=f"192.0.2.{number}")
            except Throttled:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(race, range(16))) == 5
    assert session.scalar(select(func.count(SignInAttempt.id))) == 5


def test_a_person_is_found_however_the_address_is_typed(session: Session, owner: Staff) -> None:
    found = sign_in.find_staff(session, "  OWNER@example.com ")
    assert found is not None
    assert found.id == owner.id
