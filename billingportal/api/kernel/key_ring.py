"""The API keys that this process has seen lately, with the requests of each in the present second."""

import threading
import time
from dataclasses import dataclass
from math import inf

from billingportal.api.kernel.problems import Problem
from billingportal.clock import now
from billingportal.db import glance
from billingportal.domain.auth import api_keys
from billingportal.domain.auth.api_keys import USED_EVERY, KeyTerms

# Seconds for which the terms of a key are believed. A revoked key stops within them, and the time of one request.
BELIEVED = 3.0
# Keys in memory. Only keys that exist get here, so this is never reached unless somebody makes thousands of them.
MOST = 10_000
SCHEME = "bearer"


@dataclass(slots=True)
class Entry:
    terms: KeyTerms
    read_at: float


@dataclass(slots=True)
class Window:
    """The requests of a key in one second of the monotonic clock."""

    second: int
    count: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a key's requests. `limit` is for a second."""

    limit: int
    left: int

    @property
    def headers(self) -> list[tuple[str, str]]:
        """RateLimit-Policy and RateLimit, as the draft of the IETF has them."""
        policy = ("RateLimit-Policy", f'"second";q={self.limit};w=1')
        return [policy, ("RateLimit", f'"second";r={max(self.left, 0)};t=1')]


class KeyRing:
    """Finds keys and counts their requests. It is shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._windows: dict[int, Window] = {}
        self._noted_at: dict[int, float] = {}

    def find(self, authorization: str) -> KeyTerms:
        """The key of an Authorization header. Raises Problem; an unavailable database raises its own error."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != SCHEME or not key:
            raise unauthenticated("The header Authorization: Bearer with an API key is missing.")
        key_hash = api_keys.hash_key(key.strip())
        entry = self._entries.get(key_hash)
        if entry is None or time.monotonic() - entry.read_at > BELIEVED:
            entry = self._read(key_hash)
        terms = entry.terms
        if terms.state != "active" or (terms.expires_at is not None and terms.expires_at <= now()):
            raise unauthenticated("The API key is revoked." if terms.state == "revoked" else "The API key has expired.")
        return terms

    def _read(self, key_hash: str) -> Entry:
        moment = time.monotonic()
        with glance() as connection:
            terms = api_keys.key_of_hash(connection, key_hash)
        if terms is None:
            self._entries.pop(key_hash, None)
            raise unauthenticated("There is no such API key.")
        if len(self._entries) >= MOST:
            self._entries.clear()
        entry = self._entries[key_hash] = Entry(terms, moment)
        return entry

    def count(self, terms: KeyTerms) -> Allowance:
        """Count a request of the key. A negative rest means that it is one too many."""
        second = int(time.monotonic())
        with self._lock:
            window = self._windows.get(terms.id)
            if window is None or window.second != second:
                window = self._windows[terms.id] = Window(second, 0)
            window.count += 1
            return Allowance(terms.requests_per_second, terms.requests_per_second - window.count)

    def is_to_note(self, terms: KeyTerms) -> bool:
        """Whether the use of the key is to be recorded now, which the caller does. True once a minute."""
        if terms.last_used_at is not None and now() - terms.last_used_at < USED_EVERY:
            return False
        moment = time.monotonic()
        with self._lock:
            if moment - self._noted_at.get(terms.id, -inf) < USED_EVERY.total_seconds():
                return False
            self._noted_at[terms.id] = moment
        return True


def unauthenticated(detail: str) -> Problem:
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": "Bearer"})
