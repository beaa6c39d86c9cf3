"""The Stripe key and the signing secret of the webhook are found nowhere in clear."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import db
from billingportal.runtime.logs import JsonFormatter, TextFormatter
from tests.support.pages import Visitor
from tests.support.stripe import events
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

PAGE = "/saas/payment-processor"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox, session: Session) -> Iterator[World]:
    yield World(app, sandbox, new_account(sandbox))
    sandbox.control("faults", verb="DELETE")


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """All that is logged, down to DEBUG and libraries included, as the portal writes it in both of its formats."""
    written = io.StringIO()
    root = logging.getLogger()
    level = root.level
    handlers = [logging.StreamHandler(written), logging.StreamHandler(written)]
    for handler, formatter in zip(handlers, (TextFormatter(), JsonFormatter()), strict=True):
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


def everything_stored(world: World, tmp_path: Path) -> str:
    """The whole database as text: SQLite's files byte for byte, or every row of every table."""
    session = world.session
    rows = [str(tuple(row)) for table in db.metadata.sorted_tables for row in session.execute(table.select())]
    session.rollback()
    files = [path.read_bytes().decode("latin-1") for path in tmp_path.glob("portal.sqlite3*")]
    if db.engine.dialect.name == "postgresql":
        tables = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        rows += [str(session.execute(text(f"SELECT t::text FROM {name} t")).all()) for name in tables]  # noqa: S608
        session.rollback()
    return "\n".join(rows + files)


def every_page(visitor: Visitor, world: World) -> str:
    """What the pages show now, with the page of each event."""
    paths = [PAGE, f"{PAGE}/status", f"{PAGE}/key", "/saas/events", "/profile"]
    paths += [f"/saas/events/{event.id}" for event in world.events()]
    answers = [visitor.get(path) for path in paths]
    return "\n".join(answer.text + str(answer.headers) for answer in answers)


def test_the_key_and_the_signing_secret_are_found_nowhere(
    world: World, signed_in: Visitor, logs: io.StringIO, tmp_path: Path
) -> None:
    key = world.stripe_account.test_key
    shown = []
    # A failing run: Stripe is away, then answers garbage, then the key is good, then it dies.
    for kind in ("500", "malformed"):
        world.sandbox.control("faults", kind=kind)
        shown.append(signed_in.swap(PAGE, {"secret_key": key}).text)
        world.sandbox.control("faults", verb="DELETE")
    shown.append(signed_in.swap(PAGE, {"secret_key": f"{key} and more"}).text)
    shown.append(signed_in.swap(PAGE, {"secret_key": key}).text)
    world.work()
    secrets = [key, world.secret()]
    world.shop().open()
    world.deliver(events.event("customer.created", events.customer(balance="much")))
    world.deliver(events.event("customer.created", events.customer()), "whsec_of_another_endpoint")
    world.read_events()
    shown.append(every_page(signed_in, world))
    world.delete_endpoint()
    world.check()
    secrets.append(world.secret())
    stored = everything_stored(world, tmp_path)
    world.sandbox.control("faults", kind="drop")
    world.check()
    shown.append(every_page(signed_in, world))
    world.sandbox.control("faults", verb="DELETE")
    world.sandbox.control("keys/revoke", key=key)
    world.check()
    shown.append(every_page(signed_in, world))
    stored += everything_stored(world, tmp_path)
    shown.append(signed_in.submit(f"{PAGE}/disconnection").text)
    shown.append(every_page(signed_in, world))
    stored += everything_stored(world, tmp_path)

    assert len(set(secrets)) == 3
    assert key[-4:] in stored
    assert key[-4:] in "".join(shown)
    for secret in secrets:
        for where, content in (("database", stored), ("pages", "".join(shown)), ("logs", logs.getvalue())):
            assert secret not in content, where
            # The parts that make a secret hard to guess are not found either.
            assert secret[12:-4] not in content, where


def test_the_logs_of_libraries_are_looked_through_too(world: World, logs: io.StringIO) -> None:
    """The test above proves something only if the SDK would have told."""
    world.connect()
    world.work()

    assert "whsec_..." in logs.getvalue()
