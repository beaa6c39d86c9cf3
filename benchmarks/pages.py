"""The pricing page beside a bare template of the same size, and all other pages with thousands of clients."""

import argparse
import gzip
import re
import tempfile
import time
from pathlib import Path

import flask_migrate
from flask import Flask, Response, render_template_string
from flask.testing import FlaskClient
from markupsafe import Markup

from benchmarks.business_pages import measure_business
from benchmarks.databases import DATABASES
from benchmarks.page_plans import add_plans
from benchmarks.report import machine, percentile
from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db

PAGE = "/portal/pricing"
COMPRESSED = {"Accept-Encoding": "gzip"}
WARMING = 20
BARE = "{{ head }}{% for card in cards %}{{ card }}{% endfor %}"
HEAD = "| | p50 ms | p95 ms | p99 ms | page, bytes | gzipped |\n|---|---|---|---|---|---|"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--requests", type=int, default=1000, help="how many of each are measured")
    parser.add_argument("--plans", type=int, default=12, help="how many plans stand on the page")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both", help="of the other pages")
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40, help="how often each of the other pages is measured")


def run(arguments: argparse.Namespace) -> None:
    """Measure both in turn, one request after the other in this process, so that both have the same noise."""
    with tempfile.TemporaryDirectory() as folder:
        portal = portal_with(Path(folder), arguments.plans)
        floor = floor_for(portal.get(PAGE).text)
        times = measure(portal, floor, arguments.requests)
        tell(portal, floor, times, arguments.plans)
        with portal.application.app_context():
            db.engine.dispose()
    measure_business(arguments)


def tell(portal: FlaskClient, floor: FlaskClient, times: dict[str, list[float]], plans: int) -> None:
    print(f"Pricing page with {plans} plans on SQLite; {machine()}\n\n{HEAD}")
    for name, client in (("portal", portal), ("bare template", floor)):
        sent = client.get(PAGE, headers=COMPRESSED).data
        print(f"| {name} | {percentiles(times[name])} | {len(gzip.decompress(sent)):,} | {len(sent):,} |")
    weights = weigh(portal)
    print(f"\nEverything a first visitor loads, gzipped: {sum(weights.values()):,} bytes")
    for address, weight in sorted(weights.items(), key=lambda item: -item[1]):
        print(f"  {weight:>7,}  {address}")


def portal_with(folder: Path, plans: int) -> FlaskClient:
    """A new portal with this number of active plans."""
    settings = Settings(folder, f"sqlite:///{folder / 'portal.sqlite3'}", ("a key that nothing is sealed with, ever",))
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade()
        add_plans(plans)
    return app.test_client()


def floor_for(page: str) -> FlaskClient:
    """The minimal Flask application for this page: the same text, from a template, with the same compression."""
    head, *cards = re.split(r"(?=<section )", page)
    app = Flask("floor")
    pieces = [Markup(card) for card in cards]

    @app.get(PAGE)
    def show() -> Response:
        text = render_template_string(BARE, head=Markup(head), cards=pieces)
        return Response(gzip.compress(text.encode(), 6), headers={"Content-Encoding": "gzip"})

    return app.test_client()


def measure(portal: FlaskClient, floor: FlaskClient, requests: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"portal": [], "bare template": []}
    for number in range(requests + WARMING):
        for name, client in (("portal", portal), ("bare template", floor)):
            started = time.perf_counter()
            client.get(PAGE, headers=COMPRESSED)
            if number >= WARMING:
                times[name].append((time.perf_counter() - started) * 1000)
    return times


def percentiles(times: list[float]) -> str:
    return " | ".join(f"{percentile(times, percent):.2f}" for percent in (50, 95, 99))


def weigh(client: FlaskClient) -> dict[str, int]:
    """The bytes sent for the page and for each file that it links."""
    page = client.get(PAGE).text
    named = re.findall(r'<(?:link rel="(?:icon|stylesheet)" href|script src)="([^"]+)"', page)
    return {address: len(client.get(address, headers=COMPRESSED).data) for address in (PAGE, *named)}
