"""How fast the portal takes in Stripe's events, beside the least that the same server can do."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks import filling, report
from benchmarks.databases import DATABASES, SECRET_KEY, TOKEN, Pair, fresh, stored
from benchmarks.measuring import Comparison, Door, compare
from benchmarks.servers import serving
from benchmarks.stories import stream
from billingportal.runtime.web_server import THREADS, WORKERS

SECRET = "whsec_of_a_benchmark"
SAMPLES = 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--events", type=int, default=5000, help="events a measurement (default: 5000)")
    parser.add_argument("--connections", type=int, default=8, help="keep-alive connections (default: 8)")
    parser.add_argument("--workers", type=int, default=WORKERS, help="gunicorn workers (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=THREADS, help="threads a worker (default: %(default)s)")
    parser.add_argument("--filled", type=int, default=0, help="then measure with so many events in the inbox")
    parser.add_argument("--folder", help="where the databases are made, on the disk to measure (default: temporary)")


def run(options: argparse.Namespace) -> None:
    print(
        f"{report.machine()}\n{options.connections} connections, {options.workers} workers of {options.threads} threads"
    )
    print(report.HEAD, flush=True)
    for kind in DATABASES if options.database == "both" else (options.database,):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            for comparison in measure(kind, Path(folder), options):
                print(report.lines(comparison), flush=True)


def measure(kind: str, folder: Path, options: argparse.Namespace) -> Iterator[Comparison]:
    """Compare on an empty database and, if requested, on a filled one."""
    with fresh(kind, folder / "database", SECRET) as pair, ExitStack() as stack:
        portal, floor = open_doors(pair, folder, options, stack)
        yield compare(kind, portal, floor, stream("empty", options.events), options.connections)
        if options.filled:
            done = filling.fill(pair.portal_url, stream("years", SAMPLES), options.filled)
            name = f"{kind}, {done.count:,} events of {done.mean_bytes} bytes"
            yield compare(name, portal, floor, stream("filled", options.events), options.connections)
        sent = options.events // 11 * 11 * (2 if options.filled else 1)
        if stored(pair.portal_url) != sent + options.filled:
            raise RuntimeError("not every event is in the inbox once")


def open_doors(pair: Pair, folder: Path, options: argparse.Namespace, stack: ExitStack) -> tuple[Door, Door]:
    settings = {
        "PORTAL_DATABASE_URL": pair.portal_url,
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SECRET_KEYS": SECRET_KEY,
    }
    portal = stack.enter_context(serving("wsgi:app", options.workers, options.threads, settings))
    bare = f"benchmarks.floor:create_app({pair.floor_url!r}, {SECRET!r})"
    floor = stack.enter_context(serving(bare, options.workers, options.threads, {}))
    return Door(portal, f"/webhooks/stripe/{TOKEN}", SECRET), Door(floor, "/webhook", SECRET)
