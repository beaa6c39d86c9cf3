import argon2

from billingportal.domain.auth import passwords


def test_a_hash_fits_its_password_only() -> None:
    stored = passwords.make_hash("correct horse battery")
    assert passwords.password_matches(stored, "correct horse battery")
    assert not passwords.password_matches(stored, "correct horse batterx")


def test_nothing_fits_where_there_is_no_account() -> None:
    assert not passwords.password_matches(None, "nobody's password")


def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse battery")
    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(passwords.make_hash("correct horse battery"))
