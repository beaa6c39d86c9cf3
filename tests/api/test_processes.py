"""The real server with its two processes: killed while it writes, and with a key that is revoked."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from sqlalchemy import func, select

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.auth import api_keys
from billingportal.models import AuditEntry, StoredAnswer
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import new_key
from tests.support.parts import SECRET_KEYS, Part, is_up, portal_of
from tests.support.people.clients import new_client
from tests.support.program import wait_until
from tests.support.stripe.sandbox import free_port

LINKS = 60
SENDERS = 6
Answers = dict[str, list[tuple[int, str]]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, secret_keys=SECRET_KEYS)


@pytest.fixture
def server(settings: Settings) -> Iterator[tuple[Part, str]]:
    port = free_port()
    with Part(settings, "serve", "--port", str(port)) as part:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_up(url), "the server")
        yield part, url


def send(url: str, path: str, key: str, idempotency_key: str = "", method: str = "POST") -> tuple[int, str] | None:
    """Status and body; None when the connection broke."""
    headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
    request = urllib.request.Request(f"{url}/api/v1{path}", headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, EOFError):
        return None


def add_owner() -> int:
    with transaction() as session:
        person = Staff(name="Mara", email="m@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(person)
        session.flush()
        return person.id


def statuses(url: str, key: str) -> set[int]:
    """Of many requests at once, so that both processes answer some."""
    with ThreadPoolExecutor(SENDERS) as senders:
        found = list(senders.map(lambda _: send(url, "/resources", key, method="GET"), range(4 * SENDERS)))
    return {one[0] for one in found if one is not None}


def test_a_revoked_key_stops_in_every_process(settings: Settings, server: tuple[Part, str]) -> None:
    _, url = server
    with portal_of(settings) as app:
        staff_id = add_owner()
        key = str(new_key(app, staff_id).key)
        assert statuses(url, key) == {200}
        with transaction() as session:
            api_keys.revoke_key(session, api_keys.listed_keys(session, "test")[0].id, mode="test", staff_id=staff_id)
        wait_until(lambda: statuses(url, key) == {401}, "the end of the key")
        assert statuses(url, key) == {401}


def are_done(jobs: list[Future[None]], most: int) -> bool:
    """Whether so many of the requests have their answer, or no connection any more."""
    return sum(job.done() for job in jobs) >= min(most, len(jobs))


@pytest.mark.both_databases
def test_what_a_killed_server_did_is_done_once(settings: Settings, server: tuple[Part, str]) -> None:
    part, url = server
    with portal_of(settings) as app:
        staff_id = add_owner()
        path = f"/clients/cl_{new_client()}/billing-links"
        key = str(new_key(app, staff_id).key)
        answers: Answers = {f"k{number}": [] for number in range(LINKS)}
        chance = Random(7)

        def ask(idempotency_key: str) -> None:
            found = send(url, path, key, idempotency_key)
            if found is not None:
                answers[idempotency_key].append(found)

        for _ in range(3):
            asked = [name for name in answers if not answers[name]]
            with ThreadPoolExecutor(SENDERS) as senders:
                jobs = [senders.submit(ask, name) for name in asked]
                wait_until(partial(are_done, jobs, chance.randrange(4, 16)), "some answers")
                part.kill()
            part.start()
            wait_until(lambda: is_up(url), "the server again")
        for name in (*answers, *answers):
            ask(name)

        assert {status for told in answers.values() for status, _ in told} == {201}
        assert all(len({json.loads(body)["url"] for _, body in told}) == 1 for told in answers.values())
        session = db.session()
        session.rollback()
        made = select(func.count(AuditEntry.id)).where(AuditEntry.action == "client.billing_link_made")
        assert session.scalar(made) == LINKS
        assert session.scalar(select(func.count(StoredAnswer.id))) == LINKS
