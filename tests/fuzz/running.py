"""Runs rounds of requests, each on a fresh copy of the filled portal, and counts what came of them."""

import copy
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest import mock

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy.pool import QueuePool

from billingportal.db import db
from billingportal.domain.auth import passwords
from tests.fuzz.business import PASSWORD, Business, open_business
from tests.fuzz.callers import SHARES, Callers
from tests.fuzz.checks import SLOW, Fault, faults
from tests.fuzz.drawing import drawn_texts
from tests.fuzz.installations import Installation
from tests.fuzz.knowledge import Knowledge, matched
from tests.fuzz.learning import learn_from, look_around, rehearse
from tests.fuzz.requests.attempts import Attempt, Outcome, send
from tests.fuzz.requests.making import Maker
from tests.support.database import PostgresDatabases, SqliteDatabases
from tests.support.stripe.portals import new_account

ROUND = 250
# Pages are read again now and then, since they change with what was sent.
READ_AGAIN = 0.05
Tell = Callable[["Report"], None]


@dataclass
class Report:
    """What came of the requests so far. A fault's number is `round:request`, which `repeat` takes."""

    sent: int = 0
    callers: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    routes: set[str] = field(default_factory=set)
    slowest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0
    faults: dict[tuple[str, str], tuple[int, str, Fault]] = field(default_factory=dict)

    def add(self, number: str, attempt: Attempt, outcome: Outcome, route: str, found: list[Fault]) -> None:
        self.sent += 1
        self.callers[attempt.caller] += 1
        self.statuses[outcome.status] += 1
        self.routes.add(route)
        self.seconds += outcome.seconds
        self.slowest = max(self.slowest, (outcome.seconds, f"{attempt.method} {route}"))
        for fault in found:
            key = (fault.kind, fault.place)
            count, first, known = self.faults.get(key, (0, number, fault))
            self.faults[key] = (count + 1, first, known)

    @property
    def lasting_faults(self) -> list[tuple[str, Fault]]:
        """The faults that do not depend on how busy the machine is, each with its first number."""
        return [(first, fault) for (kind, _), (_, first, fault) in self.faults.items() if kind != SLOW]


@dataclass(frozen=True)
class Run:
    """One database, one seed: the same requests each time."""

    installation: Installation
    business: Business
    knowledge: Knowledge
    drawn: list[str]
    seed: int

    def rounds(self, requests: int, report: Report, tell: Tell | None = None) -> None:
        """So many requests."""
        for number in range(-(-requests // ROUND)):
            for _ in self.round(number, min(ROUND, requests - number * ROUND), report):
                if tell is not None and report.sent % 100 == 0:
                    tell(report)

    def repeat(self, number: int, request: int) -> tuple[Attempt, Outcome]:
        """One round from its start to this request, and what came of that one."""
        *_, last = self.round(number, request + 1, Report())
        return last

    def round(self, number: int, requests: int, report: Report) -> Iterator[tuple[Attempt, Outcome]]:
        chance = Random(f"{self.seed} {number}")
        knowledge = copy.deepcopy(self.knowledge)
        # About every fifth request is of a route whose turn it is: each round goes on about where the last one ended.
        turn = number * ROUND // 5
        maker = Maker(chance, knowledge, self.drawn, self.business.passwords, turn)
        with self.installation.round() as app:
            callers, pool, kept = Callers(app, self.business), pool_of(app), 0
            for request in range(requests):
                name = chance.choices(list(SHARES), list(SHARES.values()))[0]
                attempt = callers.attempt(name, maker)
                outcome = send(app, attempt)
                outcome.connections = max(0, pool.checkedout() - kept)
                kept = pool.checkedout()
                callers.look(attempt, outcome)
                if chance.random() < READ_AGAIN:
                    learn_from(app, knowledge, attempt, outcome)
                route = route_of(app, attempt)
                report.add(
                    f"{number}:{request}", attempt, outcome, route, list(faults(attempt, outcome, self.business, route))
                )
                yield attempt, outcome


def pool_of(app: Flask) -> QueuePool:
    with app.app_context():
        pool = db.engine.pool
    assert isinstance(pool, QueuePool)
    return pool


def route_of(app: Flask, attempt: Attempt) -> str:
    found = matched(app, attempt.method, attempt.path) or matched(app, "POST", attempt.path)
    return found[0] if found else "no route"


def prepare(
    databases: SqliteDatabases | PostgresDatabases,
    folder: Path,
    seed: int,
    extend: Callable[[Flask], None] | None = None,
) -> Run:
    """Fill a portal and get to know it. `extend` adds routes of a test's own."""
    installation = Installation(databases, folder, extend)
    with installation.filling() as (app, sandbox):
        business = open_business(app, sandbox, new_account(sandbox), passwords.make_hash(PASSWORD))
    drawn = drawn_texts(seed)
    with installation.round() as app:
        knowledge = Knowledge.of(app)
        callers = Callers(app, business)
        look_around(app, knowledge, callers)
        rehearse(app, knowledge, callers, Maker(Random(seed), knowledge, drawn, business.passwords))
    return Run(installation, business, knowledge, drawn, seed)


@contextmanager
def quick_and_alone() -> Iterator[None]:
    """Passwords are hashed weakly, since thousands are; and no name leads to another machine."""
    resolve = socket.getaddrinfo

    def resolve_loopback(host: str | bytes | None, port: str | int | None, *given: int, **more: int) -> object:
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, port, *given, **more)

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with mock.patch.object(passwords, "hasher", weak), mock.patch.object(socket, "getaddrinfo", resolve_loopback):
        yield
