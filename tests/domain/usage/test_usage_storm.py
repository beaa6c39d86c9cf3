"""Records come from 8 connections in any order, late and repeated, while web server and worker are killed at random.

What was answered as accepted is counted, once: per client, resource, day and period. `--usage-records 100000` is the
long way; `--log-cli-level INFO` shows the figures.
"""

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Lock

import pytest
from sqlalchemy import func, select

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, glance, transaction
from billingportal.domain.auth import api_keys
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.usage import recount
from billingportal.models import Client, Resource, Staff, UsageCorrection, UsageRecord
from tests.support.database import settings_for
from tests.support.own_postgres import durable_database
from tests.support.parts import SECRET_KEYS, Part, is_up, portal_of
from tests.support.people.clients import new_client
from tests.support.program import wait_until
from tests.support.stripe.sandbox import free_port
from tests.support.usage.ledger import expected_ledger, stored_ledger

log = logging.getLogger(__name__)
CONNECTIONS = 8
CLIENTS, WORKSPACES = 6, 4
BATCH = 100
DUPLICATES = 0.3


@dataclass
class Tally:
    """What the platform was answered: accepted keys, and how often; failures that it sent again."""

    accepted: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)
    ended: Event = field(default_factory=Event)

    def add(self, status: int, records: Sequence[dict[str, str]]) -> None:
        with self.lock:
            self.statuses[status] += 1
            for one in records:
                self.results[one["result"]] += 1
                if one["result"] == "accepted":
                    self.accepted[one["key"]] += 1


def made_records(number: int, moment: datetime, chance: random.Random) -> list[list[dict[str, object]]]:
    """Batches of records, of which some are repeated, in any order; a third of them is days or weeks late."""
    sent: list[dict[str, object]] = []
    for index in range(int(number * (1 - DUPLICATES))):
        late = chance.choice((0, 0, chance.randrange(0, 34 * 24 * 3600)))
        workspace = f"external:w{chance.randrange(CLIENTS * WORKSPACES)}"
        what: dict[str, object] = {"resource": "messages", "quantity": chance.randrange(1, 9)}
        if chance.random() < 0.2:
            what = {"resource": "contacts", "level": chance.randrange(0, 500)}
        at = (moment - timedelta(seconds=late)).isoformat()
        sent.append({"key": f"key-{index}", "workspace": workspace, "at": at, **what})
    sent += chance.choices(sent, k=number - len(sent))
    chance.shuffle(sent)
    return [sent[place : place + BATCH] for place in range(0, len(sent), BATCH)]


def send_all(port: int, key: str, batches: Iterator[list[dict[str, object]]], tally: Tally) -> None:
    """One connection of the platform: it sends each batch until it is answered."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        for batch in batches:
            send(connection, key, batch, tally)


def send(connection: HTTPConnection, key: str, batch: list[dict[str, object]], tally: Tally) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps({"records": batch})
    while True:
        try:
            connection.request("POST", "/api/v1/usage", body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException):
            connection.close()
            tally.add(0, ())
            time.sleep(0.2)
            continue
        tally.add(answer.status, json.loads(text)["records"] if answer.status == 200 else ())
        if answer.status == 200:
            return
        assert answer.status in (429, 503), text
        time.sleep(0.05)


def kill_at_random(parts: Sequence[Part], url: str, tally: Tally, number: int, chance: random.Random) -> int:
    """Kill both parts, and one or the other for each further 8,000 records, after random numbers of answers."""
    killed = [*parts, *chance.choices(parts, k=number // 8000)]
    points = sorted(chance.randrange(number // 10, number * 9 // 10) for _ in killed)
    for part, point in zip(killed, points, strict=True):
        while not tally.ended.wait(0.02) and tally.results.total() < point:
            pass
        part.kill()
        part.start()
        wait_until(lambda: is_up(url), "the web server")
    return len(killed)


def people_and_key() -> str:
    """Clients with workspaces, a counter, and an API key of live mode."""
    with transaction() as session:
        owner = Staff(name="Mara", email="mara@example.com", password_hash="-", role="owner", created_at=clock.now())
        session.add(owner)
        session.add(Resource(key="messages", name="Messages", unit="messages", kind="counter", created_at=clock.now()))
        session.flush()
        _, key = api_keys.create_key(session, "live", "Platform", ("usage",), None, owner.id)
        owner_id = owner.id
    for number in range(CLIENTS):
        client_id = new_client(f"Client {number}", mode="live")
        with transaction() as session:
            client = session.get_one(Client, client_id)
            for place in range(WORKSPACES):
                name = f"w{number * WORKSPACES + place}"
                workspaces.create_workspace(session, client, name, name, author=by_staff(owner_id))
    return key


def settings_in(folder: Path, url: str) -> Settings:
    port = free_port()
    return replace(settings_for(url, folder), secret_keys=SECRET_KEYS, public_url=f"http://127.0.0.1:{port}")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_each_record_is_counted_exactly_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    number, chance, tally = request.config.getoption("--usage-records"), random.Random(1), Tally()
    with ExitStack() as stack:
        settings = settings_in(tmp_path, stack.enter_context(durable_database(kind, tmp_path)))
        stack.enter_context(portal_of(settings))
        url = str(settings.public_url)
        port = int(url.rpartition(":")[2])
        key = people_and_key()
        parts = [
            stack.enter_context(Part(settings, "serve", "--port", str(port))),
            stack.enter_context(Part(settings, "worker")),
        ]
        wait_until(lambda: is_up(url), "the web server")

        batches = made_records(number, clock.now(), chance)
        began = time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS + 1) as people:
            killer = people.submit(kill_at_random, parts, url, tally, number, chance)
            senders = [
                people.submit(send_all, port, key, iter(batches[place::CONNECTIONS]), tally)
                for place in range(CONNECTIONS)
            ]
            try:
                for sender in senders:
                    sender.result()
            finally:
                tally.ended.set()
        log.info(
            "%s: %s records in %.1f s, %s kills | %s | %s",
            kind,
            number,
            time.monotonic() - began,
            killer.result(),
            dict(tally.results),
            dict(tally.statuses),
        )

        session = db.session()
        keys = {str(one["key"]) for batch in batches for one in batch}
        stored = set(session.scalars(select(UsageRecord.key)))
        assert stored == keys
        assert set(tally.accepted.values()) <= {1}  # an answer that a kill swallowed is a duplicate the next time
        assert tally.results["refused"] == 0
        expected = expected_ledger(session, clock.now())
        assert stored_ledger(session) == expected
        assert sum(expected.totals.values()) == sum(quantities(batches).values())
        for client_id in session.scalars(select(Client.id)).all():
            assert recount.recount_client(glance, transaction, client_id) == []
        assert session.scalar(select(func.count(UsageCorrection.id))) == 0
        for part in ("serve", "worker"):
            assert "Traceback" not in (tmp_path / f"{part}.log").read_text()


def quantities(batches: Sequence[Sequence[dict[str, object]]]) -> dict[str, int]:
    """What each key sent of a counter, once."""
    return {str(one["key"]): int(str(one["quantity"])) for batch in batches for one in batch if "quantity" in one}
