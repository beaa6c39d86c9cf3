"""`examples/host_platform.py` lives through ten minutes in which the portal is killed, slow and back."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain.clients import lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.domain.plans.terms import Limit
from billingportal.models import ClientUsage, Resource, UsageRecord, UsageTotal
from billingportal.models.auth.staff import Staff
from examples.host_platform import PATIENCE, Gate, Portal, Queue, Store
from tests.support.api.callers import new_key
from tests.support.api.roads import Road, road_to
from tests.support.catalog.plans import new_plan
from tests.support.parts import SECRET_KEYS, Part, is_up
from tests.support.people.clients import new_client
from tests.support.program import wait_until
from tests.support.stripe.sandbox import free_port
from tests.support.usage.takers import Takers

# Seconds in which a portal that is up answers, also on a busy machine.
UP = 60
MESSAGES, CONTACTS = 20, 1000


@dataclass
class Time:
    """The platform's clock. It begins so early that nothing is reported from the future."""

    moment: datetime = field(default_factory=lambda: clock.now() - timedelta(minutes=20))

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, seconds: int) -> None:
        self.moment += timedelta(seconds=seconds)


class Platform:
    """A chat platform with the example inside. It remembers what it reported, to compare."""

    def __init__(self, road: Road, key: str, file: Path, messages: str) -> None:
        self.portal = Portal(road.address, key, patience=UP)
        self.file = file
        self.messages = messages
        self.time = Time()
        self.reported: dict[str, int] = {}
        self.level = 0
        self.store: Store | None = None
        self.restart()

    def restart(self) -> None:
        """What is not on disk is forgotten."""
        if self.store is not None:
            self.store.close()
        self.store = store = Store(str(self.file))
        self.gate, self.queue = Gate(self.portal, store, self.time), Queue(self.portal, store, self.time)

    def live(self, seconds: int) -> None:
        """Messages are sent and contacts come, whatever the portal does."""
        self.time.pass_(seconds)
        self.level += 1
        self.send_messages(self.level % 3 + 1)
        self.queue.report(f"contacts-{self.level}", "harbor", "contacts", level=self.level)

    def send_messages(self, quantity: int) -> None:
        key = f"message-{len(self.reported)}"
        self.queue.report(key, "harbor", self.messages, quantity=quantity)
        self.reported[key] = quantity

    def answers(self) -> tuple[bool, bool, bool]:
        """May Harbor send a message, add a contact; and may the suspended client send a message?"""
        gate = self.gate
        return (
            gate.may_add("harbor", self.messages),
            gate.may_add("harbor", "contacts"),
            gate.may_add("suspended", self.messages),
        )


@pytest.fixture
def messages(app: Flask, session: Session, owner: Staff) -> str:
    """A resource that stays open, beside contacts, which are closed; a client of a free plan, and a suspended one."""
    counter = Takers(app, owner.id).resource("counter")
    contacts = session.scalars(select(Resource.id).where(Resource.key == "contacts")).one()
    limits = {counter: Limit(MESSAGES, "block"), contacts: Limit(CONTACTS, "block")}
    plan_id = new_plan(owner.id, "Free", is_active=True, quotas=limits)
    for name in ("harbor", "suspended"):
        client_id = new_client(name, base_plan_id=plan_id, workspace_name=name, workspace_external_id=name)
    with transaction() as changing:
        changing.execute(update(Resource).where(Resource.id == contacts).values(when_unreachable="closed"))
        lifecycle.suspend_client(changing, client_id, "Sends spam", author=by_staff(owner.id))
        return changing.get_one(Resource, counter).key


@contextmanager
def running(settings: Settings) -> Iterator[tuple[Part, str]]:
    """`billingportal serve`, and its address."""
    port = free_port()
    with Part(replace(settings, secret_keys=SECRET_KEYS), "serve", "--port", str(port), "--workers", "1") as part:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_up(address), "the portal")
        yield part, address


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_an_outage_of_ten_minutes_loses_nothing_and_counts_nothing_twice(
    settings: Settings,
    app: Flask,
    session: Session,
    owner: Staff,
    messages: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "host_platform")
    key = new_key(app, owner.id).key or ""
    with running(settings) as (portal, address), road_to(address) as road:
        platform = Platform(road, key, tmp_path / "queue.sqlite3", messages)
        live_while_it_is_up(platform)
        assert rules_followed(caplog) == 0
        asked = live_through_the_outage(platform, portal, road)
        assert rules_followed(caplog) == asked
        platform.portal.patience = UP
        road.state = "open"
        platform.queue.flush()
        # Now over the limit, which the portal knows again.
        assert platform.answers() == (False, True, False)

    assert (platform.queue.count_waiting(), platform.queue.refused()) == (0, [])
    assert platform.time.moment < clock.now()
    compare(session, platform)


def live_while_it_is_up(platform: Platform) -> None:
    for _ in range(3):
        platform.live(10)
        assert platform.queue.flush().accepted == 2
    assert platform.answers() == (True, True, False)
    assert platform.answers() == (True, True, False)


def live_through_the_outage(platform: Platform, portal: Part, road: Road) -> int:
    """Two minutes without answers, four without a portal, four with a slow one. How often no answer came to a gate."""
    asked = 0
    confirmed_late = platform.gate.reserve("harbor", platform.messages, 2, "reserved-before")
    assert confirmed_late.id is not None

    road.state = "losing"
    for _ in range(6):
        asked += live_without_answers(platform, 20)
    platform.queue.confirm(confirmed_late)
    platform.reported[confirmed_late.id] = 2

    road.state, road.on_cut = "cut", portal.kill
    platform.live(10)
    platform.queue.flush()
    road.state = "open"
    platform.restart()
    for _ in range(12):
        asked += live_without_answers(platform, 20)
    asked += reserve_without_answer(platform)

    portal.start()
    wait_until(lambda: is_up(road.portal), "the portal")
    road.state, platform.portal.patience = "slow", PATIENCE
    for _ in range(2):
        asked += live_without_answers(platform, 120, flushes=False)
    assert platform.queue.flush().waiting == 0
    return asked


def live_without_answers(platform: Platform, seconds: int, *, flushes: bool = True) -> int:
    platform.live(seconds)
    assert platform.answers() == (True, False, False)
    if flushes:
        assert platform.queue.flush().accepted == 0
    return 3


def reserve_without_answer(platform: Platform) -> int:
    open_ = platform.gate.reserve("harbor", platform.messages, 3, "reserved-meanwhile")
    closed = platform.gate.reserve("harbor", "contacts", 1, "contact-meanwhile")
    assert (open_.granted, open_.id) == (True, None)
    assert (closed.granted, closed.reason) == (False, "unreachable")
    platform.queue.confirm(open_)
    platform.reported[open_.key] = open_.quantity
    return 2


def rules_followed(caplog: pytest.LogCaptureFixture) -> int:
    return sum(" by rule: " in record.getMessage() for record in caplog.records)


def compare(session: Session, platform: Platform) -> None:
    """The portal has each record once, and its totals are their sum."""
    session.rollback()
    counter = session.scalars(select(Resource).where(Resource.key == platform.messages)).one()
    contacts = session.scalars(select(Resource).where(Resource.key == "contacts")).one()
    stored = session.execute(
        select(UsageRecord.key, UsageRecord.amount).where(UsageRecord.resource_id == counter.id)
    ).all()
    total = session.scalar(select(func.sum(UsageTotal.used)).where(UsageTotal.resource_id == counter.id))
    level = session.scalars(select(ClientUsage.used).where(ClientUsage.resource_id == contacts.id)).one()

    assert sorted(map(tuple, stored)) == sorted(platform.reported.items())
    assert total == sum(platform.reported.values())
    assert level == platform.level
