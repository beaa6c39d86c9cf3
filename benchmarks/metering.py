"""How fast meter events are prepared and sent, beside a loop that only posts them, in one run."""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local

import requests
from sqlalchemy import func, select, update

from benchmarks import api_business, report
from benchmarks.databases import DATABASES, SECRET_KEY, pair
from benchmarks.meter_stub import meter_stub
from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.metering import delivery, preparation
from billingportal.domain.usage.periods import month_of
from billingportal.models import ClientCustomer, ClientMeter, Meter, MeterEvent, ProcessorAccount, UsageDay
from billingportal.stripe_gateway.client import gateway_opener

HEAD = (
    "| answers after | prepared a second | sent a second | a bare loop | ratio | largest memory MiB |\n"
    + "|---" * 6
    + "|"
)
PAUSES = (0, 150)
METER = "mtr_1"
KEY = "sk_test_benchmark"


@dataclass(frozen=True)
class Run:
    """What one run did, by events and seconds."""

    events: int
    prepare_seconds: float
    send_seconds: float
    bare_seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--clients", type=int, default=10_000, help="each has one event to prepare (default: 10,000)")


def run(arguments: argparse.Namespace) -> None:
    kinds = DATABASES if arguments.database == "both" else (arguments.database,)
    for kind in kinds:
        print(f"{kind}, {arguments.clients:,} clients; {report.machine()}\n\n{HEAD}", flush=True)
        for pause in PAUSES:
            with tempfile.TemporaryDirectory() as folder:
                print(row(pause, measured(kind, Path(folder), arguments.clients, pause / 1000)), flush=True)
        print()


def measured(kind: str, folder: Path, clients: int, pause_seconds: float) -> Run:
    """Prepare and send an event of each client, then post as many by a bare loop."""
    with pair(kind, folder) as made, meter_stub(pause_seconds) as address:
        api_business.fill(made.portal_url, folder, clients, 0)
        app = create_app(Settings(data_dir=folder, database_url=made.portal_url, secret_keys=(SECRET_KEY,)))
        with app.app_context():
            account_id = add_use(clients)
            began = time.monotonic()
            preparation.prepare_due(transaction)
            prepared = time.monotonic()
            gateway = gateway_opener(address)(KEY)
            while delivery.deliver_due(transaction, gateway, account_id):
                continue
            sent = time.monotonic()
            with transaction() as session:
                events = session.scalar(select(func.count()).where(MeterEvent.state == "sent")) or 0
            db.engine.dispose()
        if events != clients:
            raise RuntimeError(f"{events} of {clients} events were sent")
        return Run(events, prepared - began, sent - prepared, bare_seconds(address, events))


def add_use(clients: int) -> int:
    """A meter for what each client used today; the id of the account."""
    moment, day = now(), now().date()
    month = month_of(moment)
    with transaction() as session:
        account = ProcessorAccount(stripe_account_id="acct_1", mode="test", state="connected", connected_at=moment)
        session.add(account)
        session.flush()
        counter = api_business.resource_id(session, "messages")
        meter = {"processor_account_id": account.id, "as_of": moment, "stripe_meter_id": METER, "created_at": moment}
        keys = {"customer_payload_key": "stripe_customer_id", "value_payload_key": "value"}
        session.add(Meter(**meter, **keys, display_name="x", event_name="x", status="active", aggregation="sum"))
        session.flush()
        numbers = range(1, clients + 1)
        customer = {"processor_account_id": account.id, "linked_at": moment}
        known = {"resource_id": counter, "processor_account_id": account.id, "stripe_meter_id": METER}
        times = {"begins_at": month.starts_at, "billed_from": month.starts_at, "stripe_subscription_id": "sub_1"}
        api_business.put(
            session, ClientCustomer, [{**customer, "client_id": n, "stripe_customer_id": f"cus_{n}"} for n in numbers]
        )
        api_business.put(session, ClientMeter, [{**known, **times, "client_id": n} for n in numbers])
        used = {"resource_id": counter, "day": day, "used": 1234}
        api_business.put(session, UsageDay, [{**used, "client_id": n, "workspace_id": n} for n in numbers])
        session.execute(update(ClientMeter).values(prepared_revision=0))
        return account.id


def bare_seconds(address: str, events: int) -> float:
    """How long as many threads take to post as many events, and to do nothing else."""
    threads = local()

    def post(number: int) -> None:
        if not hasattr(threads, "session"):
            threads.session = requests.Session()
        form = {"event_name": "x", "payload[value]": "1234", "identifier": f"{number}"}
        threads.session.post(f"{address}/v1/billing/meter_events", form, timeout=10).raise_for_status()

    began = time.monotonic()
    with ThreadPoolExecutor(delivery.THREADS) as pool:
        for done in [pool.submit(post, number) for number in range(events)]:
            done.result()
    return time.monotonic() - began


def row(pause: int, done: Run) -> str:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    prepared, sent, bare = (
        done.events / seconds for seconds in (done.prepare_seconds, done.send_seconds, done.bare_seconds)
    )
    return f"| {pause} ms | {prepared:,.0f} | {sent:,.0f} | {bare:,.0f} | {sent / bare:.2f} | {memory:.0f} |"
