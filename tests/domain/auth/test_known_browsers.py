"""Wrong passwords that strangers type do not lock out a browser in which the person signed in before."""

import pytest
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.auth import known_browsers, sign_in
from billingportal.domain.auth.sign_in import Throttled
from billingportal.models.auth.staff import Staff

KEYS = ("a secret key that is long enough to sign with",)
EMAIL = "owner@example.com"


def attempt(known_as: str | None = None) -> None:
    with transaction() as session:
        sign_in.admit_attempt(session, EMAIL, "192.0.2.1", known_as=known_as)


@pytest.mark.usefixtures("session")
def test_a_known_browser_has_a_count_of_its_own() -> None:
    for _ in range(5):
        attempt()
    for _ in range(5):
        attempt("desk")
    for known_as in (None, "desk"):
        with pytest.raises(Throttled):
            attempt(known_as)
    attempt("laptop")


@pytest.mark.usefixtures("session")
def test_a_crowd_at_the_same_address_does_not_lock_it_out() -> None:
    for number in range(20):
        with transaction() as session:
            sign_in.admit_attempt(session, f"person{number}@example.com", "192.0.2.1")
    with pytest.raises(Throttled):
        attempt()
    attempt("desk")


def test_a_token_is_worth_something_for_its_person_until_the_password_changes(session: Session, owner: Staff) -> None:
    token = known_browsers.token(KEYS, owner)
    name = known_browsers.name_of(KEYS, token, owner)
    assert name
    assert known_browsers.name_of(("another key, of another portal altogether",), token, owner) is None
    assert known_browsers.name_of(KEYS, token[:-1], owner) is None
    assert known_browsers.name_of(KEYS, token, None) is None
    other = Staff(id=owner.id + 1, access_generation=owner.access_generation)
    assert known_browsers.name_of(KEYS, token, other) is None
    person = session.get_one(Staff, owner.id)
    person.change_password("new")
    assert known_browsers.name_of(KEYS, token, person) is None


def test_each_sign_in_gives_another_name(owner: Staff) -> None:
    names = {known_browsers.name_of(KEYS, known_browsers.token(KEYS, owner), owner) for _ in range(3)}
    assert len(names) == 3
