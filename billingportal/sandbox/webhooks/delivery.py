"""Deliveries of events: signed, concurrent, in no guaranteed order, retried until accepted."""

import hashlib
import heapq
import hmac
import itertools
import random
import threading
import time
from dataclasses import dataclass, field

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.store import Store, World
from billingportal.sandbox.webhooks import recipients
from billingportal.sandbox.webhooks.http_post import Mail

WORKERS = 4
JITTER_SECONDS = 0.02
SHUFFLED_SECONDS = 0.5
RETRY_SCHEDULE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
TIMEOUT_SECONDS = 10.0
LATE_SECONDS = 1.0


@dataclass
class Settings:
    """The delivery settings; rates are fractions of all deliveries."""

    paused: bool = False
    drop_rate: float = 0.0
    duplicate_rate: float = 0.0
    shuffle: bool = False
    delay_seconds: float = 0.0
    retry_schedule: list[float] = field(default_factory=lambda: list(RETRY_SCHEDULE))
    seed: int | None = None


@dataclass(order=True)
class Due:
    """A delivery and the time of its next attempt."""

    at: float
    tie: int
    store: Store = field(compare=False)
    delivery: Document = field(compare=False)


class Postman:
    """Delivers events to webhook endpoints and event destinations, on a few threads of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.settings = Settings()
        self.chance = random.Random()
        self.counts = {"delivered": 0, "failed": 0, "dropped": 0, "attempts": 0}
        self.queue: list[Due] = []
        self.ties = itertools.count()
        self.under_way = 0
        self.changed = threading.Condition()
        self.stopping = False
        self.threads = [threading.Thread(target=self.work, name=f"postman-{n}") for n in range(WORKERS)]

    def start(self) -> None:
        """Start the threads and resume pending deliveries."""
        for account in self.world.accounts.values():
            for store in account.stores.values():
                for delivery in store.deliveries.values():
                    if delivery["state"] == "pending":
                        self.enqueue(store, delivery, 0.0)
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Stop the threads; deliveries in progress are finished first."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        for thread in self.threads:
            thread.join()

    def change(self, settings: Settings) -> None:
        """Apply other settings; a seed makes random faults repeatable."""
        with self.changed:
            if settings.seed is not None:
                self.chance = random.Random(settings.seed)
            self.settings = settings
            self.changed.notify_all()

    def accept(self, store: Store, event: Document) -> None:
        """Deliver an event to every endpoint or destination that listens to it."""
        for endpoint in recipients.recipients(store, event):
            self.address(store, event, endpoint)

    def address(self, store: Store, event: Document, endpoint: Document) -> None:
        """Create the delivery of one event to one endpoint; at random it is dropped or duplicated."""
        dropped = self.chance.random() < self.settings.drop_rate
        dropped = dropped or planted.happens(store, "webhook_dropped", event["type"])
        delivery = {
            "id": f"{event['id']}:{endpoint['id']}",
            "event": event["id"],
            "endpoint": endpoint["id"],
            "state": "dropped" if dropped else "pending",
            "attempts": [],
        }
        store.deliveries[delivery["id"]] = delivery
        recipients.count_pending(event, 1)
        if dropped:
            self.counts["dropped"] += 1
            return
        late = LATE_SECONDS if planted.happens(store, "webhook_late", event["type"]) else 0.0
        copies = 2 if self.chance.random() < self.settings.duplicate_rate else 1
        for _ in range(copies):
            spread = SHUFFLED_SECONDS if self.settings.shuffle else JITTER_SECONDS
            self.enqueue(store, delivery, late + self.settings.delay_seconds + self.chance.uniform(0, spread))

    def enqueue(self, store: Store, delivery: Document, delay: float) -> None:
        """Queue an attempt after `delay` seconds."""
        with self.changed:
            heapq.heappush(self.queue, Due(time.monotonic() + delay, next(self.ties), store, delivery))
            self.changed.notify_all()

    def work(self) -> None:
        """The loop of one delivery thread."""
        with Mail(TIMEOUT_SECONDS) as mail:
            while (due := self.next_due()) is not None:
                try:
                    self.attempt(mail, due)
                finally:
                    with self.changed:
                        self.under_way -= 1
                        self.changed.notify_all()

    def next_due(self) -> Due | None:
        """Wait for a delivery that is due; None when the sandbox ends."""
        with self.changed:
            while not self.stopping:
                wait: float | None = None
                if self.queue and not self.settings.paused:
                    wait = self.queue[0].at - time.monotonic()
                    if wait <= 0:
                        self.under_way += 1
                        return heapq.heappop(self.queue)
                self.changed.wait(wait)
        return None

    def attempt(self, mail: Mail, due: Due) -> None:
        """Attempt one delivery and record the outcome."""
        store, delivery = due.store, due.delivery
        with self.world.lock:
            event = recipients.event_of(store, delivery)
            endpoint = recipients.recipient_of(store, delivery)
            if endpoint.get("deleted") or endpoint["status"] != "enabled":
                delivery["state"] = "failed" if delivery["state"] == "pending" else delivery["state"]
                return
            body = recipients.body(store, event)
            url, secret = recipients.address(endpoint)
        outcome = mail.post(url, body, {"Stripe-Signature": signature(body, secret)})
        with self.world.lock:
            self.note(due, event, outcome)

    def note(self, due: Due, event: Document, outcome: int | str) -> None:
        """Record an attempt's HTTP status or failure; schedule the next one if needed."""
        delivery = due.delivery
        delivery["attempts"].append({"at": now(), "outcome": outcome})
        self.counts["attempts"] += 1
        if isinstance(outcome, int) and 200 <= outcome < 300:
            if delivery["state"] != "delivered":
                delivery["state"] = "delivered"
                recipients.count_pending(event, -1)
                self.counts["delivered"] += 1
            return
        tried = len(delivery["attempts"])
        if delivery["state"] == "pending" and tried <= len(self.settings.retry_schedule):
            self.enqueue(due.store, delivery, self.settings.retry_schedule[tried - 1])
        elif delivery["state"] == "pending":
            delivery["state"] = "failed"
            self.counts["failed"] += 1

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until nothing is queued or in progress; whether that state was reached."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.queue and not self.under_way, timeout)


def signature(body: str, secret: str) -> str:
    """The Stripe-Signature header for a body sent now."""
    timestamp = now()
    digest = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
