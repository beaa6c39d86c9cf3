"""How fast the API answers, beside bare Flask handlers that read or write one row, in alternating rounds."""

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

import requests

from benchmarks import api_business, api_floor, report
from benchmarks.databases import DATABASES, SECRET_KEY, Pair, pair
from benchmarks.replaying import HOST, Replay, replay_requests
from benchmarks.servers import Server, serving
from billingportal.runtime.web_server import THREADS, WORKERS

HEAD = "| operation | | a second | p50 ms | p99 ms | processor µs | ratio | p99 ratio |\n" + "|---" * 8 + "|"
ROUNDS = 7
BATCH = 500
HOT = 1
NUMBERS = count(1)
Request = Callable[[], bytes]


@dataclass(frozen=True)
class Operation:
    """What is sent to the portal and to its floor. A batch counts as `units` of something."""

    name: str
    portal: Request
    floor: Request
    units: int = 1


@dataclass
class Side:
    """The rounds of one side, with the processor time of its workers."""

    server: Server
    rounds: list[Replay] = field(default_factory=list)
    processor: float = 0.0

    def take(self, messages: list[bytes], connections: int, *, is_counted: bool) -> None:
        """Send a round. Raises RuntimeError when something is refused."""
        before = self.server.processor_seconds()
        done = replay_requests(self.server.port, messages, connections)
        if done.refusals:
            raise RuntimeError(f"{len(done.refusals)} were refused, one with: {done.refusals[0][:500]!r}")
        if is_counted:
            self.rounds.append(done)
            self.processor += self.server.processor_seconds() - before

    @property
    def count(self) -> int:
        return sum(len(one.latencies) for one in self.rounds)

    @property
    def rate(self) -> float:
        return self.count / sum(one.seconds for one in self.rounds)

    def percentile(self, percent: int) -> float:
        """Milliseconds."""
        return report.percentile([one for done in self.rounds for one in done.latencies], percent) * 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=100_000, help="usage records that are there already")
    parser.add_argument("--requests", type=int, default=7000, help="requests of each operation (default: 7000)")
    parser.add_argument("--batches", type=int, default=70, help="batches of usage records (default: 70)")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--folder", help="where the databases are made (default: temporary)")


def run(options: argparse.Namespace) -> None:
    print(f"{report.machine()}\n{options.clients:,} clients, {options.records:,} records", flush=True)
    for kind in DATABASES if options.database == "both" else (options.database,):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            print(f"\n{kind}\n\n{HEAD}", flush=True)
            for line in measure(kind, Path(folder), options):
                print(line, flush=True)


def measure(kind: str, folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the table of one database."""
    place = folder / "database"
    place.mkdir()
    with pair(kind, place) as made:
        key = api_business.fill(made.portal_url, folder, options.clients, options.records)
        api_floor.prepare(made.floor_url, options.clients)
        yield from measure_filled(made, folder, key, options)


def measure_filled(made: Pair, folder: Path, key: str, options: argparse.Namespace) -> Iterator[str]:
    settings = {
        "PORTAL_DATABASE_URL": made.portal_url,
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SECRET_KEYS": SECRET_KEY,
    }
    bare = f"benchmarks.api_floor:create_app({made.floor_url!r})"
    size = (options.workers, options.threads)
    with serving("wsgi:app", *size, settings) as portal, serving(bare, *size, {}) as floor:
        for one in operations(portal, key, options.clients):
            requests_each = options.batches if one.units > 1 else options.requests
            yield from lines(one, compare(one, (Side(portal), Side(floor)), requests_each, options.connections))


def operations(portal: Server, key: str, clients: int) -> list[Operation]:
    chance = random.Random(1)
    tags = tags_of(portal, key, min(clients, 200))

    def number() -> int:
        return chance.randint(1, clients)

    def unchanged() -> bytes:
        path, tag = chance.choice(tags)
        return message("GET", path, key, extra=f"If-None-Match: {tag}\r\n")

    return [
        Operation("304", unchanged, lambda: read_floor(number())),
        Operation("entitlements", lambda: message("GET", path_of(number()), key), lambda: read_floor(number())),
        Operation("reservation", lambda: reserve(number(), "messages", key), lambda: take_floor(number())),
        Operation("reservation, one client, pool", lambda: reserve(HOT, "pooled", key), lambda: take_floor(HOT)),
        Operation(f"usage, batches of {BATCH}", lambda: batch(clients, key), lambda: batch(clients, None), BATCH),
    ]


def path_of(number: int) -> str:
    return f"/api/v1/clients/external:c{number}/entitlements"


def tags_of(portal: Server, key: str, number: int) -> list[tuple[str, str]]:
    address, headers = f"http://{HOST}:{portal.port}", {"Authorization": f"Bearer {key}"}
    paths = [path_of(one) for one in range(1, number + 1)]
    return [(one, requests.get(address + one, headers=headers, timeout=30).headers["ETag"]) for one in paths]


def read_floor(number: int) -> bytes:
    return message("GET", f"/clients/{number}", None)


def take_floor(number: int) -> bytes:
    return message("POST", "/reservations", None, {"client": number, "quantity": 1})


def reserve(number: int, resource: str, key: str) -> bytes:
    body = {"workspace": f"external:w{number}", "resource": resource, "quantity": 1}
    return message("POST", "/api/v1/reservations", key, body, f"Idempotency-Key: bench-{next(NUMBERS)}\r\n")


def batch(clients: int, key: str | None) -> bytes:
    """A batch of records of random workspaces."""
    first = next(NUMBERS) * BATCH
    chance = random.Random(first)
    records = [
        {"key": f"new-{first + place:012}", "workspace": f"external:w{chance.randint(1, clients)}"}
        | {"resource": "messages", "quantity": 1}
        for place in range(BATCH)
    ]
    return message("POST", "/api/v1/usage" if key else "/usage", key, {"records": records})


def message(method: str, path: str, key: str | None, body: object = None, extra: str = "") -> bytes:
    sent = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n{extra}"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    if sent:
        head += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
    return head.encode() + b"\r\n" + sent


def compare(one: Operation, sides: tuple[Side, Side], number: int, connections: int) -> tuple[Side, Side]:
    """Send to both in turn. The first round of each only warms up."""
    size = max(connections, number // ROUNDS)
    for place in range(ROUNDS + 1):
        for side, make in zip(sides, (one.portal, one.floor), strict=True):
            side.take([make() for _ in range(size)], connections, is_counted=place > 0)
    return sides


def lines(one: Operation, sides: tuple[Side, Side]) -> Iterator[str]:
    portal, floor = sides
    pairs = zip(portal.rounds, floor.rounds, strict=True)
    ratio = median(bare.seconds / ours.seconds for ours, bare in pairs)
    yield line(one, "portal", portal, f"{ratio:.2f} | {portal.percentile(99) / floor.percentile(99):.2f}")
    yield line(one, "floor", floor, " | ")


def line(one: Operation, name: str, side: Side, ratios: str) -> str:
    micros = side.processor / side.count * 1_000_000
    latency = f"{side.percentile(50):.1f} | {side.percentile(99):.1f}"
    return f"| {one.name} | {name} | {side.rate * one.units:,.0f} | {latency} | {micros:,.0f} | {ratios} |"
