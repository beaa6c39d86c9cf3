"""Passwords as argon2 hashes. Hashing is slow on purpose: never do it inside a transaction."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST = 12
LONGEST = 1024
hasher = PasswordHasher()


def make_hash(password: str) -> str:
    """The hash to store, with its salt and parameters in it."""
    return hasher.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right. Without a hash it takes as long, and is never right."""
    try:
        hasher.verify(password_hash or hash_of_nothing(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


@cache
def hash_of_nothing() -> str:
    return hasher.hash("nobody's password")
