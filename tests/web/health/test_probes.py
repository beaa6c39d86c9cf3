"""/readyz and /metrics: for load balancers and monitoring systems."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import HealthFinding, JobRun, ProcessorAccount
from billingportal.portal import attach
from tests.support.health.checks import all_agree, beat, connect, run_checks
from tests.support.pages import Visitor
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

TOKEN = "t" * 40
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox, session: Session) -> Iterator[World]:
    """Connected, and every check has agreed."""
    world = World(app, sandbox, new_account(sandbox))
    connect(world)
    all_agree()
    yield world
    sandbox.control("faults", verb="DELETE")


def configure(world: World, **changes: object) -> None:
    portal = world.portal
    attach(world.app, replace(portal, settings=replace(portal.settings, **changes)))  # type: ignore[arg-type]


def test_a_portal_in_order_is_ready(client: Visitor, world: World) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready")


@one_database
def test_findings_about_stripe_take_no_node_away(client: Visitor, world: World) -> None:
    world.sandbox.control("keys/revoke", key=world.stripe_account.test_key)
    world.check()
    run_checks(world)
    beat(world)
    assert client.get("/readyz").status_code == 200


def stop_the_worker() -> None:
    with transaction() as session:
        session.execute(update(JobRun).values(reported_at=now() - timedelta(minutes=2)))


def lose_a_secret() -> None:
    with transaction() as session:
        session.execute(update(ProcessorAccount).values(key_sealed="sealed with a key that is gone"))


def go_back() -> None:
    with transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'create_health'"))


@one_database
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (stop_the_worker, "no background worker has reported for a minute"),
        (lose_a_secret, "stored secrets cannot be opened"),
        (go_back, "the database is not at the newest revision"),
    ],
)
def test_a_portal_that_is_not_in_order_is_not_ready(client: Visitor, world: World, spoil: object, words: str) -> None:
    assert callable(spoil)
    spoil()
    answer = client.get("/readyz")
    assert (answer.status_code, words in answer.text) == (503, True)


def test_metrics_tell_findings_ages_queues_jobs_and_requests(client: Visitor, world: World) -> None:
    configure(world, public_url="http://localhost:8000")
    moment = now()
    with transaction() as session:
        for severity, count in (("money", 2), ("soon", 1)):
            for number in range(count):
                session.add(
                    HealthFinding(
                        key="price.drift" if severity == "money" else "disk.low",
                        subject=f'"{number}"\\',
                        severity=severity,
                        title="",
                        meaning="",
                        first_seen_at=moment,
                        last_seen_at=moment,
                        raised_at=moment,
                    )
                )
    client.get("/healthz")
    found = client.get("/metrics").text
    assert 'billingportal_findings{key="price.drift",severity="money"} 2.0' in found
    assert 'billingportal_agrees{mode="test"} 0.0' in found
    assert 'billingportal_check_known{check="disk",mode="test"} 1.0' in found
    assert 'billingportal_job_failures{job="beat"} 0.0' in found
    assert re.search(r'billingportal_requests_total\{kind="pages",status="2xx"\} [1-9]', found)
    assert re.search(r"billingportal_worker_age_seconds \d", found)
    names = re.findall(r"^# TYPE (\w+)", found, re.MULTILINE)
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"(# .*)|(\w+(\{.*\})? -?[\d.e+-]+)", line) for line in found.splitlines())


@one_database
@pytest.mark.parametrize(
    ("settings_changed", "headers", "base_url", "peer"),
    [
        ({"public_url": "https://billing.example.com"}, {}, "http://localhost", "127.0.0.1"),
        ({"public_url": None, "trusted_proxies": 1}, {}, "http://localhost", "127.0.0.1"),
        ({"public_url": None}, {"X-Forwarded-For": "203.0.113.9"}, "http://localhost", "127.0.0.1"),
        ({"public_url": None}, {"Via": "1.1 proxy"}, "http://localhost", "127.0.0.1"),
        ({"public_url": None}, {}, "http://billing.example.com", "127.0.0.1"),
        ({"public_url": None}, {}, "http://localhost", "203.0.113.9"),
    ],
)
def test_without_a_token_only_programs_on_this_machine_read_metrics(
    client: Visitor,
    world: World,
    settings_changed: dict[str, object],
    headers: dict[str, str],
    base_url: str,
    peer: str,
) -> None:
    configure(world, public_url=None)
    assert client.get("/metrics", base_url="http://[::1]:8000", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200
    configure(world, **settings_changed)
    answer = client.get("/metrics", headers=headers, base_url=base_url, environ_base={"REMOTE_ADDR": peer})
    assert (answer.status_code, "billingportal_" in answer.text) == (403, False)


@one_database
def test_with_a_token_nothing_else_opens_metrics(client: Visitor, world: World) -> None:
    configure(world, public_url="https://billing.example.com", metrics_token=TOKEN)
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"}):
        assert client.get("/metrics", headers=header).status_code == 401
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, "billingportal_findings" in answer.text) == (200, True)
