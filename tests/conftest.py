"""What tests start from. Everything that touches a database runs on SQLite and on PostgreSQL."""

import gc
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import hypothesis
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from billingportal import clock
from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.auth import passwords
from billingportal.models.auth.staff import Role, Staff
from billingportal.stripe_gateway.client import OpenGateway
from tests.support.database import PostgresDatabases, SqliteDatabases, settings_for
from tests.support.pages import Visitor

# A slow machine is no fault of the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

PASSWORD = "correct horse battery"
KINDS = ("sqlite", "postgres")
ON_BOTH = (
    "tests/database/",
    "tests/models/",
    "tests/domain/reservations/",
    "tests/domain/sync/",
    "tests/domain/usage/",
    "tests/test_in_step.py",
    "tests/test_migrations.py",
    "tests/test_paid_first.py",
)
# The files that take longest, so that none of them is left for the end, when the other processes are done.
LONGEST = (
    "test_year.py",
    "test_lives.py",
    "journeys/",
    "cli/",
    "benchmarks/",
    "test_power_cut.py",
    "test_outages.py",
    "test_usage_storm.py",
    "domain/metering/",
    "test_paid_first.py",
    "test_in_step.py",
    "fuzz/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clients", type=int, default=10, help="how many clients live through tests/test_year.py")
    parser.addoption("--outage-seconds", type=float, default=4, help="length of an outage in tests/test_outages.py")
    parser.addoption("--lives-steps", type=int, default=75, help="how many steps tests/test_lives.py lives")
    parser.addoption("--lives-seed", type=int, default=1, help="the first seed of tests/test_lives.py")
    parser.addoption("--mixed-calls", type=int, default=300, help="how many calls of test_crowds.py at once")
    parser.addoption("--audit-clients", type=int, default=5, help="how many clients are in a restored database")
    parser.addoption("--usage-records", type=int, default=4000, help="records in test_usage_storm.py")
    parser.addoption("--meter-records", type=int, default=800, help="records in test_metering_storm.py")
    parser.addoption(
        "--rehearsal-lives", type=int, default=2, help="lives of test_green.py; from 10 on other lives are whole, too"
    )
    parser.addoption("--databases", choices=("one", "both"), default="one", help="where most tests run")
    parser.addoption("--windows", choices=("one", "all"), default="one", help="widths and themes of browser tests")
    parser.addoption("--planted-faults", default="few", help="few or all of the rows of test_planted_faults.py")
    parser.addoption("--event-rate", type=float, default=20, help="events a second in tests/test_outages.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One database and one window for most tests, unless all are wanted. The longest files first."""
    gone: list[pytest.Item] = []
    if config.getoption("--databases") == "one":
        gone += left_out([item for item in items if is_for_one_database(item)], ("databases",))
    if config.getoption("--windows") == "one":
        gone += left_out([item for item in items if item not in gone], ("width", "theme"))
    config.hook.pytest_deselected(items=gone)
    there = set(items) - set(gone)
    items[:] = [item for item in items if item in there]
    items.sort(
        key=lambda item: next((place for place, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST))
    )


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the process: the modules, the tables and the collected tests.

    Looking through it again and again took a seventh of the processor time of the tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def is_for_one_database(item: pytest.Item) -> bool:
    """What stores, orders and counts rows is tested on both databases, and so are tests in which callers meet.

    Every other test runs on one of the two, chosen by its name, so that about half of each folder runs on either.
    """
    return not item.nodeid.startswith(ON_BOTH) and item.get_closest_marker("both_databases") is None


def left_out(items: list[pytest.Item], parameter: tuple[str, ...]) -> list[pytest.Item]:
    """The tests that another value of these parameters stands for: of each, one is chosen by the test's name."""
    twins: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        given = getattr(getattr(item, "callspec", None), "params", {})
        values = [str(given[name]) for name in parameter if name in given]
        if len(values) == len(parameter):
            twins[re.sub("|".join(map(re.escape, values)), "", item.nodeid)].append(item)
    return [item for name, kept in twins.items() for item in kept if item is not kept[crc32(name.encode()) % len(kept)]]


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases.prepare(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    with PostgresDatabases.prepare() as databases:
        yield databases


@pytest.fixture(params=KINDS)
def databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    """Where databases come from; the test runs once for each kind."""
    chosen: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"{request.param}_databases")
    return chosen


@pytest.fixture
def database_url(databases: SqliteDatabases | PostgresDatabases, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with databases.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path)


@pytest.fixture
def open_gateway() -> OpenGateway | None:
    """How the application reaches Stripe. Test modules that need a stand-in override this."""
    return None


@pytest.fixture(scope="session", autouse=True)
def compiled_addresses() -> Iterator[None]:
    """Compiled once for all the applications of a test run, which all have the same addresses.

    Werkzeug compiles two functions for each address of each application: most of the time that making one takes.
    """
    compiled: dict[Hashable, Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def look_up(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, defaults, append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", look_up)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> Iterator[None]:
    """Compiled once for all the databases of one kind in a test run, which all have the same tables.

    SQLAlchemy keeps compiled statements by engine and dialect, and each test has an engine of its own: most of the
    time that filling a database takes.
    """
    compiled: dict[str, LRUCache[Any, Any]] = defaultdict(lambda: LRUCache(20_000))
    make_engine = SQLAlchemy._make_engine

    def remember(database: SQLAlchemy, bind: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine = make_engine(database, bind, options, app)
        engine._compiled_cache = compiled[engine.dialect.name]
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLAlchemy, "_make_engine", remember)
        for kind in (SQLiteDialect, PGDialect):
            patch.setattr(kind, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(kind, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiled once for all the applications of a test run."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(
    settings: Settings, open_gateway: OpenGateway | None, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Flask]:
    app = create_app(settings, open_gateway=open_gateway)
    app.testing = True
    app.jinja_env.bytecode_cache = compiled_templates
    app.test_client_class = Visitor
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A database session beside the application's own. Call rollback() to see what requests committed since."""
    with app.app_context():
        yield db.session()


@pytest.fixture
def client(app: Flask) -> Visitor:
    """A visitor who is not signed in."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    return visitor


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.make_hash(PASSWORD)


def add_staff(app: Flask, password_hash: str, role: Role) -> Staff:
    """A member of staff called after the role, signing in with PASSWORD."""
    with app.app_context():
        person = Staff(
            name=f"Mara {role.title()}",
            email=f"{role}@example.com",
            password_hash=password_hash,
            role=role,
            created_at=clock.now(),
        )
        with transaction() as session:
            session.add(person)
        session.refresh(person)
        session.expunge(person)
        return person


@pytest.fixture
def owner(app: Flask, password_hash: str) -> Staff:
    """The owner, loaded and detached."""
    return add_staff(app, password_hash, "owner")


@pytest.fixture
def signed_in(client: Visitor, owner: Staff) -> Visitor:
    """A visitor who is signed in as the owner."""
    client.become(owner)
    return client


@pytest.fixture
def viewer(app: Flask, password_hash: str) -> Visitor:
    """A visitor who is signed in and may look, not touch."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.become(add_staff(app, password_hash, "viewer"))
    return visitor
