#!/usr/bin/env python3
"""How a host platform works with the billing portal. One file, nothing but Python's standard library.

    export BILLING_PORTAL_KEY=bp_test_...
    ./examples/host_platform.py --portal http://127.0.0.1:8000 may-add workspace-1 contacts

Copy it, and keep what makes it safe:

1. Before a client adds something, ask (`may_add`) or, where nobody may take more than there is, `reserve`. Both wait
   for 300 ms at most. When no answer comes, the rule of the resource decides: `when_unreachable` in `GET /resources`.
   Each time that happens it is logged.
2. What was used goes into a queue on disk first, under a key of your own (`report`). It stays there until the portal
   has answered it (`flush`). The portal counts each key once, so sending it again is always right.
3. Refused records are kept aside with the reason: look at `refused` and repair the cause.
4. Outgoing webhooks are believed only if their signature is right (`verify_webhook`), and each is taken once.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import logging
import os
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

Json = dict[str, Any]
Clock = Callable[[], datetime]

log = logging.getLogger("host_platform")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

PATIENCE = 0.3  # seconds that a person's click waits for the portal
LONG_PATIENCE = 30.0  # seconds that the queue waits; nobody waits for it
LARGEST_WEBHOOK = 1_000_000  # bytes
BATCH = 500  # records in one request; the portal takes up to 1,000
RULES_LAST = timedelta(minutes=10)  # then the rules of the resources are read again
WEBHOOK_TOLERANCE = timedelta(minutes=5)
WEBHOOKS_LAST = timedelta(days=30)  # the portal sends a message again for 4 days
# Sending the same request again is of no use with these, and for a batch of records with those.
WRONG_REQUEST = (400, 404, 405, 409, 413, 415, 422)
UNREADABLE = (400, 413, 422)

TABLES = """
CREATE TABLE IF NOT EXISTS answer (
    path TEXT PRIMARY KEY, etag TEXT, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS rule (
    resource TEXT PRIMARY KEY, kind TEXT NOT NULL, when_unreachable TEXT NOT NULL, read_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS report (
    place INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, record TEXT NOT NULL, refused TEXT
);
CREATE TABLE IF NOT EXISTS confirmation (
    reservation TEXT PRIMARY KEY, record TEXT NOT NULL, refused TEXT
);
CREATE TABLE IF NOT EXISTS webhook (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, received_at TEXT NOT NULL
);
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


class NoAnswer(Exception):
    """The portal could not be reached, was too slow, or cannot answer now. Try again later."""


class Problem(Exception):
    """The portal refused the request (RFC 9457). `name` is the last part of the problem's type."""

    def __init__(self, status: int, body: Json) -> None:
        self.status = status
        self.name = str(body.get("type", "")).rpartition("/")[2]
        detail = str(body.get("detail", ""))
        wrong = [f"{one.get('pointer', one.get('parameter'))}: {one.get('detail')}" for one in body.get("errors", ())]
        super().__init__(" ".join([f"{status} {self.name}: {detail}", *wrong]))


@dataclass(frozen=True)
class Reply:
    """`body` is empty with 304."""

    status: int
    etag: str | None
    body: Json


@dataclass(frozen=True)
class Reservation:
    """What came of a reservation. `id` is None when nothing is reserved; `reason` says why it was not granted.

    Granted without an id: the portal could not be reached, and the resource is one that stays open.
    """

    granted: bool
    id: str | None
    reason: str | None
    key: str
    workspace: str
    resource: str
    quantity: int


@dataclass(frozen=True)
class Sent:
    """What one `flush` did. `waiting` is what is left in the queue."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    waiting: int = 0

    def __str__(self) -> str:
        return f"accepted {self.accepted}, duplicates {self.duplicates}, refused {self.refused}, waiting {self.waiting}"


class Portal:
    """Speaks HTTP with the portal."""

    def __init__(self, address: str, key: str, *, patience: float = PATIENCE) -> None:
        """`patience` is how long a question may take, in seconds."""
        parts = urlsplit(address)
        self.patience = patience
        self.is_encrypted = parts.scheme == "https"
        self.host = parts.netloc
        self.root = f"{parts.path.rstrip('/')}/api/v1"
        self.key = key
        # A socket's time-out begins anew with every byte. Threads are left behind after the seconds that were given,
        # whatever the portal is doing; when all of them hang, further requests wait for none of them.
        self.threads = ThreadPoolExecutor(8, thread_name_prefix="portal")

    def ask(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        patience: float | None = None,
    ) -> Reply:
        """The answer, within so many seconds. Raises NoAnswer or Problem."""
        patience = self.patience if patience is None else patience
        future = self.threads.submit(self._exchange, method, path, body, patience, headers)
        try:
            status, etag, content = future.result(timeout=patience)
        except TimeoutError:
            future.cancel()
            raise NoAnswer(f"no answer within {patience:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        return self._understand(status, etag, content)

    def _exchange(
        self, method: str, path: str, body: Json | None, patience: float, headers: Mapping[str, str]
    ) -> tuple[int, str | None, bytes]:
        kind = http.client.HTTPSConnection if self.is_encrypted else http.client.HTTPConnection
        connection = kind(self.host, timeout=patience)
        sent = {"Authorization": f"Bearer {self.key}", "Accept": "application/json", **headers}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, self.root + path, content, sent)
            response = connection.getresponse()
            return response.status, response.getheader("ETag"), response.read()
        finally:
            connection.close()

    def _understand(self, status: int, etag: str | None, content: bytes) -> Reply:
        try:
            body = json.loads(content) if content else {}
        except ValueError:
            raise NoAnswer(f"HTTP {status} without JSON") from None
        if status < 300 or status == 304:
            return Reply(status, etag, body)
        problem = Problem(status, body)
        if status in WRONG_REQUEST and problem.name != "idempotency_key_in_use":
            raise problem
        # Overloaded (429, 5xx), or our key does not work (401, 403): neither is the fault of the client that waits.
        raise NoAnswer(str(problem))


class Store:
    """What has to outlive a restart, in one SQLite file. A transaction that has ended survives a power cut."""

    def __init__(self, path: str) -> None:
        self.database = sqlite3.connect(path, timeout=10, check_same_thread=False)
        self.turn = threading.Lock()
        self.database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + TABLES)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction, one at a time in this process. Several processes may share the file."""
        with self.turn, self.database:
            yield self.database

    def close(self) -> None:
        self.database.close()

    def last_answer(self, path: str) -> tuple[str | None, Json | None]:
        """The last answer and its tag."""
        with self.open() as database:
            row = database.execute("SELECT etag, body FROM answer WHERE path = ?", (path,)).fetchone()
        return (row[0], json.loads(row[1])) if row else (None, None)

    def keep_answer(self, path: str, reply: Reply) -> None:
        with self.open() as database:
            values = (path, reply.etag, json.dumps(reply.body))
            database.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?)", values)

    def rule_of(self, resource: str) -> tuple[str | None, str]:
        """The kind and the rule of a resource. One that was never read is closed."""
        with self.open() as database:
            row = database.execute("SELECT kind, when_unreachable FROM rule WHERE resource = ?", (resource,)).fetchone()
        return (row[0], row[1]) if row else (None, "closed")


class Gate:
    """Asks before clients add or use something. Workspaces are named by the platform's own ids."""

    def __init__(self, portal: Portal, store: Store, clock: Clock = utc_now) -> None:
        self.portal = portal
        self.store = store
        self.clock = clock

    def may_add(self, workspace: str, resource: str) -> bool:
        """Whether the client of this workspace may add one more. Raises Problem, LookupError for an unknown name."""
        try:
            answer = self.entitlements(workspace)
        except NoAnswer as error:
            return self.follow_rule(workspace, resource, error)
        found = [one for one in answer["resources"] if one["resource"] == resource]
        if not found:
            raise LookupError(f"the portal has no resource {resource}")
        return bool(found[0]["may_add_one"])

    def entitlements(self, workspace: str) -> Json:
        """What the client may use. Costs the portal next to nothing while nothing changes. Raises NoAnswer, Problem."""
        path = path_of(workspace)
        etag, known = self.store.last_answer(path)
        reply = self.portal.ask("GET", path, headers={"If-None-Match": etag} if etag else {})
        if reply.status == 304 and known is not None:
            answer = known
        else:
            self.store.keep_answer(path, reply)
            answer = reply.body
        self.learn_rules()
        return answer

    def reserve(self, workspace: str, resource: str, quantity: int, key: str) -> Reservation:
        """Take units before they are used, so that nobody takes more than there is. `confirm` or `release` it then.

        `key` is an id of your own: asking again with it reserves nothing more. Raises Problem.
        """
        body = {"workspace": f"external:{workspace}", "resource": resource, "quantity": quantity}
        try:
            answer = self.portal.ask("POST", "/reservations", body, headers={"Idempotency-Key": key}).body
            granted, id_, reason = bool(answer["granted"]), answer.get("id"), answer.get("reason")
        except NoAnswer as error:
            granted, id_ = self.follow_rule(workspace, resource, error), None
            reason = None if granted else "unreachable"
        return Reservation(granted, id_, reason, key, workspace, resource, quantity)

    def release(self, reservation: Reservation) -> None:
        """Give back what is not needed. Without an answer it is given back when its time is over, after 5 minutes."""
        if reservation.id is None:
            return
        try:
            self.portal.ask("DELETE", f"/reservations/{reservation.id}")
        except NoAnswer as error:
            log.warning("%s was not released, and expires by itself: %s", reservation.id, error)

    def follow_rule(self, workspace: str, resource: str, because: NoAnswer) -> bool:
        """No answer came. `open`: clients go on, also past a limit. `closed`: nothing new, even where there is room.

        A client that had no full access when the portal was last heard goes on having none.
        """
        _, rule = self.store.rule_of(resource)
        _, known = self.store.last_answer(path_of(workspace))
        access = known["access"] if known else "full"
        allowed = rule == "open" and access == "full"
        result = "allowed" if allowed else "refused"
        log.warning("%s of %s %s by rule: %s, access %s (%s)", resource, workspace, result, rule, access, because)
        return allowed

    def learn_rules(self) -> None:
        """Read the rule of each resource again if it was read long ago. Without an answer, the known ones stay."""
        with self.store.open() as database:
            newest = database.execute("SELECT max(read_at) FROM rule").fetchone()[0]
        if newest is not None and newest > (self.clock() - RULES_LAST).isoformat():
            return
        try:
            listed = self.all_resources()
        except (NoAnswer, Problem) as error:
            log.warning("the rules of the resources could not be read: %s", error)
            return
        read_at = self.clock().isoformat()
        rows = [(one["key"], one["kind"], one["when_unreachable"], read_at) for one in listed]
        with self.store.open() as database:
            database.executemany("INSERT OR REPLACE INTO rule VALUES (?, ?, ?, ?)", rows)

    def all_resources(self) -> list[Json]:
        """Every resource, page by page. Raises NoAnswer or Problem."""
        listed: list[Json] = []
        after = ""
        while True:
            page = self.portal.ask("GET", f"/resources?limit=100{after}").body
            listed += page["data"]
            if page["next"] is None:
                return listed
            after = f"&after={quote(page['next'], safe='')}"


class Queue:
    """Reports what was used, and forgets nothing that the portal has not answered."""

    def __init__(self, portal: Portal, store: Store, clock: Clock = utc_now) -> None:
        self.portal = portal
        self.store = store
        self.clock = clock

    def report(self, key: str, workspace: str, resource: str, *, quantity: int = 0, level: int | None = None) -> None:
        """Queue what was used: a `quantity` of a counter, or the present `level` of a gauge. It is on disk then.

        `key` names this fact for ever: the id of a message, say. Raises ValueError when it waits with other content.
        """
        self.add(self.record(key, workspace, resource, quantity, level))

    def confirm(self, reservation: Reservation, quantity: int | None = None) -> None:
        """Queue that so much was used of what was granted; all of it, if nothing is said."""
        used = reservation.quantity if quantity is None else quantity
        record = self.record(reservation.key, reservation.workspace, reservation.resource, used)
        if reservation.id is None:
            self.add_use(record)
            return
        with self.store.open() as database:
            values = (reservation.id, json.dumps(record))
            database.execute("INSERT OR IGNORE INTO confirmation (reservation, record) VALUES (?, ?)", values)

    def record(self, key: str, workspace: str, resource: str, quantity: int, level: int | None = None) -> Json:
        """The record as the portal takes it. `at` is now, so that it counts in the right period however late it is."""
        amount = {"quantity": quantity} if level is None else {"level": level}
        at = self.clock().astimezone(UTC).isoformat(timespec="milliseconds")
        return {"key": key, "workspace": f"external:{workspace}", "resource": resource, **amount, "at": at}

    def add(self, record: Json) -> None:
        """Write a record down. One that was refused before is tried again with its new content."""
        key = record["key"]
        with self.store.open() as database:
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT record, refused FROM report WHERE key = ?", (key,)).fetchone()
            if row is not None and row[1] is None:
                if json.loads(row[0]) | {"at": None} != record | {"at": None}:
                    raise ValueError(f"{key} waits already with other content")
                return
            database.execute("DELETE FROM report WHERE key = ?", (key,))
            database.execute("INSERT INTO report (key, record) VALUES (?, ?)", (key, json.dumps(record)))

    def add_use(self, record: Json) -> None:
        """Queue use that no reservation stands for. A gauge needs none: its next level says it."""
        kind, _ = self.store.rule_of(record["resource"])
        if kind != "gauge":
            self.add(record)

    def flush(self, patience: float = LONG_PATIENCE) -> Sent:
        """Send what waits, oldest first, until all is answered or no answer comes. Call it every few seconds."""
        counts = dict.fromkeys(("accepted", "duplicate", "refused"), 0)
        try:
            self.send_confirmations(patience)
            while records := self.waiting_records():
                for result in self.send(records, patience):
                    counts[result] += 1
        except NoAnswer as error:
            log.warning("%d records wait: %s", self.count_waiting(), error)
        return Sent(counts["accepted"], counts["duplicate"], counts["refused"], self.count_waiting())

    def waiting_records(self) -> list[Json]:
        with self.store.open() as database:
            select = "SELECT record FROM report WHERE refused IS NULL ORDER BY place LIMIT ?"
            return [json.loads(row[0]) for row in database.execute(select, (BATCH,))]

    def count_waiting(self) -> int:
        with self.store.open() as database:
            reports = database.execute("SELECT count(*) FROM report WHERE refused IS NULL").fetchone()
            others = database.execute("SELECT count(*) FROM confirmation WHERE refused IS NULL").fetchone()
        return int(reports[0] + others[0])

    def send(self, records: Sequence[Json], patience: float) -> list[str]:
        """Send records; the result of each. Raises NoAnswer, and then those without an answer stay in the queue."""
        try:
            reply = self.portal.ask("POST", "/usage", {"records": list(records)}, patience=patience)
        except Problem as problem:
            if problem.status not in UNREADABLE:
                raise NoAnswer(str(problem)) from problem
            # One of them keeps the whole request from being read. Halve it until that one is alone.
            if len(records) > 1:
                middle = len(records) // 2
                return self.send(records[:middle], patience) + self.send(records[middle:], patience)
            answers = [{"key": records[0]["key"], "result": "refused", "reason": str(problem)}]
        else:
            answers = reply.body["records"]
        with self.store.open() as database:
            for one in answers:
                self.take_off(database, one)
        return [one["result"] for one in answers]

    def take_off(self, database: sqlite3.Connection, answer: Json) -> None:
        """A record was answered: it leaves the queue, or is kept aside with the reason."""
        if answer["result"] == "refused":
            log.error("record %s was refused: %s", answer["key"], answer["reason"])
            database.execute("UPDATE report SET refused = ? WHERE key = ?", (answer["reason"], answer["key"]))
        else:
            database.execute("DELETE FROM report WHERE key = ?", (answer["key"],))

    def send_confirmations(self, patience: float) -> None:
        """Confirm what waits for it. Confirming the same twice is fine. Raises NoAnswer."""
        with self.store.open() as database:
            select = "SELECT reservation, record FROM confirmation WHERE refused IS NULL ORDER BY rowid"
            rows = database.execute(select).fetchall()
        for reservation, text in rows:
            record = json.loads(text)
            path, body = f"/reservations/{reservation}/confirmation", {"quantity": record["quantity"]}
            try:
                granted = self.portal.ask("POST", path, body, patience=patience).body["granted"]
            except Problem as problem:
                self.keep_aside(reservation, problem)
                continue
            if not granted:
                # It came too late, and there is no room any more. It was used all the same, so it is reported.
                log.warning("%s had expired: what was used of it is reported", reservation)
                self.add_use(record)
            with self.store.open() as database:
                database.execute("DELETE FROM confirmation WHERE reservation = ?", (reservation,))

    def keep_aside(self, reservation: str, problem: Problem) -> None:
        log.error("%s was not confirmed: %s", reservation, problem)
        with self.store.open() as database:
            values = (str(problem), reservation)
            database.execute("UPDATE confirmation SET refused = ? WHERE reservation = ?", values)

    def refused(self) -> list[tuple[str, str, Json]]:
        """What the portal refused: key, reason, record. Repair the cause and report it again under the same key."""
        with self.store.open() as database:
            reports = "SELECT key, refused, record FROM report WHERE refused IS NOT NULL"
            others = "SELECT reservation, refused, record FROM confirmation WHERE refused IS NOT NULL"
            rows = database.execute(f"{reports} UNION ALL {others}").fetchall()
        return [(key, reason, json.loads(record)) for key, reason, record in rows]


class Inbox:
    """Takes the portal's outgoing webhooks, each once."""

    def __init__(self, store: Store, secret: str, clock: Clock = utc_now) -> None:
        self.store = store
        self.secret = secret
        self.clock = clock

    def take(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Keep a message, to work on later; False when it came before. Raises ValueError unless it is the portal's."""
        webhook_id = verify_webhook(self.secret, headers, body, self.clock())
        event = json.loads(body)
        with self.store.open() as database:
            old = (self.clock() - WEBHOOKS_LAST).isoformat()
            database.execute("DELETE FROM webhook WHERE received_at < ?", (old,))
            values = (webhook_id, body.decode(), self.clock().isoformat())
            if not database.execute("INSERT OR IGNORE INTO webhook VALUES (?, ?, ?)", values).rowcount:
                return False
            if event["type"] == "entitlements.changed":
                self.replace_answers(database, event["data"])
        log.info("webhook %s %s: %s", webhook_id, event["type"], json.dumps(event["data"]))
        return True

    def replace_answers(self, database: sqlite3.Connection, answer: Json) -> None:
        """The data is the whole new answer. Keep it for an outage, unless a newer one is there."""
        values = (json.dumps(answer), answer["client"], answer["revision"])
        update = "UPDATE answer SET body = ?, etag = NULL WHERE"
        database.execute(
            update + " json_extract(body, '$.client') = ? AND json_extract(body, '$.revision') < ?", values
        )


def path_of(workspace: str) -> str:
    return f"/workspaces/external:{quote(workspace, safe='')}/entitlements"


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes, moment: datetime) -> str:
    """The id of a message that the portal signed (https://www.standardwebhooks.com). Raises ValueError.

    `body` are the bytes as they came. While the secret is rotated there are two signatures; one has to fit.
    """
    given = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not webhook_id or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise ValueError("webhook-id or webhook-timestamp is missing")
    if abs(moment.timestamp() - int(timestamp)) > WEBHOOK_TOLERANCE.total_seconds():
        raise ValueError("the message is too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    right = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    signatures = given.get("webhook-signature", "").encode().split()
    if not any(hmac.compare_digest(right, one) for one in signatures):
        raise ValueError("no signature fits")
    return webhook_id


def webhook_server(inbox: Inbox, port: int) -> http.server.HTTPServer:
    """A receiver of the portal's outgoing webhooks. In your platform this is one more route."""

    class Receiver(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            try:
                length = int(self.headers.get("Content-Length", ""))
                body = self.rfile.read(min(length, LARGEST_WEBHOOK))
                inbox.take(dict(self.headers), body)
            except ValueError as error:
                log.warning("a webhook was not taken: %s", error)
                self.send_response(401)
            else:
                self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    return http.server.HTTPServer(("127.0.0.1", port), Receiver)


# The command line


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A small host platform that works with the billing portal.")
    parser.add_argument("--portal", default="http://127.0.0.1:8000", help="its address (default: %(default)s)")
    parser.add_argument(
        "--key", default=os.environ.get("BILLING_PORTAL_KEY"), help="an API key; better: BILLING_PORTAL_KEY"
    )
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="seconds that a question may take (default: %(default)s)"
    )
    parser.add_argument("--store", default="host_platform.sqlite3", help="the file of the queue (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("may-add", "may the client add one more?"), ("reserve", "take units, and confirm them")):
        command = commands.add_parser(name, help=words)
        command.add_argument("workspace", help="your own id of the workspace")
        command.add_argument("resource", help="the key of the resource, such as contacts")
    command.add_argument("quantity", type=int)
    command.add_argument("--idempotency-key", required=True, help="an id of your own, such as order-4711")
    report = commands.add_parser("report", help="queue what was used, and send it")
    for name in ("record_key", "workspace", "resource"):
        report.add_argument(name)
    amount = report.add_mutually_exclusive_group(required=True)
    amount.add_argument("--quantity", type=int, help="of a counter")
    amount.add_argument("--level", type=int, help="of a gauge")
    flush = commands.add_parser("flush", help="send what waits")
    flush.add_argument("--every", type=float, metavar="SECONDS", help="again and again")
    commands.add_parser("refused", help="what the portal refused, and why")
    listen = commands.add_parser("listen", help="receive outgoing webhooks")
    listen.add_argument("--port", type=int, default=9000)
    listen.add_argument("--secret", required=True, help="whsec_...")
    return parser


def run(portal: Portal, store: Store, given: argparse.Namespace) -> int:
    """Do what the command says; the exit status."""
    gate, queue = Gate(portal, store), Queue(portal, store)
    is_fine = True
    if given.command == "may-add":
        is_fine = gate.may_add(given.workspace, given.resource)
        print("yes" if is_fine else "no")
    elif given.command == "reserve":
        is_fine = reserve_and_use(gate, queue, given)
    elif given.command == "report":
        amounts = {"quantity": given.quantity or 0, "level": given.level}
        queue.report(given.record_key, given.workspace, given.resource, **amounts)
        print(queue.flush())
    elif given.command == "flush":
        print(queue.flush())
        while given.every:
            time.sleep(given.every)
            print(queue.flush())
    elif given.command == "refused":
        for key, reason, record in queue.refused():
            print(f"{key}: {reason}: {json.dumps(record)}")
    else:
        print(f"listening at http://127.0.0.1:{given.port}/")
        webhook_server(Inbox(store, given.secret), given.port).serve_forever()
    return 0 if is_fine else 1


def reserve_and_use(gate: Gate, queue: Queue, given: argparse.Namespace) -> bool:
    """Reserve, do the work (here: nothing), confirm."""
    reservation = gate.reserve(given.workspace, given.resource, given.quantity, given.idempotency_key)
    print(f"granted {reservation.id}" if reservation.granted else f"refused: {reservation.reason}")
    if reservation.granted:
        queue.confirm(reservation)
        print(queue.flush())
    return reservation.granted


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    parser = arguments()
    given = parser.parse_args()
    if not given.key:
        parser.error("give an API key: --key, or the environment variable BILLING_PORTAL_KEY")
    try:
        return run(Portal(given.portal, given.key, patience=given.patience), Store(given.store), given)
    except (Problem, LookupError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
