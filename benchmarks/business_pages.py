"""Server time of the admin's and the client's pages with thousands of clients, beside the same pages with few."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from flask.testing import FlaskClient
from sqlalchemy import event, text

from benchmarks import business, filling, findings
from benchmarks.databases import DATABASES, SECRET_KEY, pair
from benchmarks.page_plans import add_plans
from benchmarks.report import machine, percentile
from benchmarks.stories import stream
from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from billingportal.domain.auth import billing_links

SAMPLES = 600
WARMING = 3
PLANS = 12
FINDINGS = 500
FEW = 20
HEAD = "| page | few: p50 ms | queries | many: p50 ms | p95 ms | queries |\n|---|---|---|---|---|---|"
# Paths by the pages' names; N is a client in the middle.
PAGES = {
    "clients": "/saas/clients",
    "clients, last page": "/saas/clients?page=LAST",
    "clients by name": "/saas/clients?q=dental+N",
    "clients by Stripe ID": "/saas/clients?q=cus_N",
    "clients past due": "/saas/clients?status=past_due",
    "clients over quota": "/saas/clients?over=1",
    "one client": "/saas/clients/N",
    "plans": "/saas/plans",
    "webhook events": "/saas/events",
    "Payment Processor": "/saas/payment-processor",
    "Go live": "/saas/go-live",
    "Health": "/saas/health",
    "the client's own page": "/portal/billing",
}


class Counter:
    """Counts the statements that the database receives."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, *_: object) -> None:
        self.count += 1


def measure_business(options: argparse.Namespace) -> None:
    """Measure with few clients, then with many, each on its own database."""
    for kind in DATABASES if options.database == "both" else (options.database,):
        few = measured(kind, FEW, FEW * 10, 0, options.rounds)
        many = measured(kind, options.clients, options.invoices, options.events, options.rounds)
        print(
            f"\n{kind}: {options.clients:,} clients, {options.invoices:,} invoices, {options.events:,} events; "
            f"{machine()}\n\n{HEAD}"
        )
        for name in PAGES:
            (few_times, few_queries), (times, queries) = few[name], many[name]
            print(
                f"| {name} | {percentile(few_times, 50):.1f} | {few_queries} | {percentile(times, 50):.1f} "
                f"| {percentile(times, 95):.1f} | {queries} |",
                flush=True,
            )


def measured(kind: str, clients: int, invoices: int, events: int, rounds: int) -> dict[str, tuple[list[float], int]]:
    """For each page its times in milliseconds, and its number of statements per request."""
    with tempfile.TemporaryDirectory() as folder, portal(kind, Path(folder), clients, invoices, events) as visitor:
        return {name: timed(visitor, address_of(address, clients), rounds) for name, address in PAGES.items()}


@contextmanager
def portal(kind: str, folder: Path, clients: int, invoices: int, events: int) -> Iterator[FlaskClient]:
    """A portal with its clients, and a browser in which staff and a client are signed in."""
    (folder / "database").mkdir()
    with pair(kind, folder / "database") as made:
        app = create_app(Settings(data_dir=folder, database_url=made.portal_url, secret_keys=(SECRET_KEY,)))
        with app.app_context():
            flask_migrate.upgrade()
            add_plans(PLANS)
            token = business.sign_owner_in()
            business.add_clients(clients, invoices)
            findings.add_findings(FINDINGS)
            if events:
                filling.fill(made.portal_url, stream("years", SAMPLES), events)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
            db.session.remove()
        visitor = app.test_client()
        with visitor.session_transaction() as session:
            session.update(_user_id=token, _fresh=True)
        visitor.get(billing_links.link_path((SECRET_KEY,), clients // 2, 1, hours=1))
        # Outside of any context, so that each request has its own session, as in the web server.
        yield visitor
        with app.app_context():
            db.engine.dispose()


def address_of(address: str, clients: int) -> str:
    return address.replace("LAST", str(clients // 25)).replace("N", str(clients // 2))


def timed(visitor: FlaskClient, address: str, rounds: int) -> tuple[list[float], int]:
    """The times in milliseconds and the statements of one page. Raises RuntimeError when it fails."""
    counter = Counter()
    times = []
    for number in range(rounds + WARMING):
        started = time.perf_counter()
        answer = visitor.get(address, headers={"Accept-Encoding": "gzip"})
        if number >= WARMING:
            times.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
    with visitor.application.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", counter.note)
    visitor.get(address)
    event.remove(engine, "before_cursor_execute", counter.note)
    return times, counter.count
