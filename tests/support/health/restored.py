"""A portal whose database is restored from a backup after a week of renewals, changes and use."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import stripe
from sqlalchemy import select, update

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.models import CatchUp, ClientCustomer, Entitlement
from tests.sandbox import clocks
from tests.support.people.clients import link_customer, new_client, new_customer, plan_items
from tests.support.stripe import events
from tests.support.stripe.worlds import World

DAY = timedelta(days=1)
HIDDEN = ("customer", "subscription", "invoice", "subscription_schedule", "invoiceitem")
Shown = list[tuple[object, ...]]


@dataclass
class Week:
    """Clients on a test clock that nobody sees: between its advances their objects name none, as in live mode."""

    world: World
    plan_ids: tuple[int, ...]
    chance: Random = field(default_factory=lambda: Random(1))
    subscriptions: dict[str, str] = field(default_factory=dict)
    time: int = 0
    clock: str = ""

    @property
    def api(self) -> Any:
        return self.world.sandbox.client(self.world.stripe_account.test_key).v1

    def open(self, begin: int, number: int) -> None:
        """So many clients that subscribe at a moment, linked to their customers."""
        self.world.sandbox.control("clocks", customers_per_clock=10_000)
        self.time, self.clock = begin, self.api.test_helpers.test_clocks.create(params={"frozen_time": begin}).id
        for position in range(number):
            self.add_client(f"Client {position}")

    def add_client(self, name: str) -> None:
        account_id, sdk = self.world.row().id, self.world.sandbox.client(self.world.stripe_account.test_key)
        customer = new_customer(sdk, name, "pm_card_visa", self.clock)
        link_customer(new_client(name), account_id, customer)
        items = plan_items(db.session(), self.chance.choice(self.plan_ids), None, {})
        params: Any = {"customer": customer, "items": items}
        self.subscriptions[customer] = sdk.v1.subscriptions.create(params=params).id

    def pass_time(self, to: int) -> None:
        """Let the clients' time pass, with all that comes due in it."""
        self.show(self.clock)
        clocks.advance(self.world.sandbox.client(self.world.stripe_account.test_key), self.clock, to)
        self.time = to
        self.show(None)

    def show(self, clock_id: str | None) -> None:
        """Put the clients' objects on the clock, or take them off."""
        sandbox = self.world.sandbox
        server: Any = sandbox.server
        store = server.world.accounts[self.world.stripe_account.id].stores["test"]
        mine = set(self.subscriptions)
        with server.world.lock:
            for kind in HIDDEN:
                for document in store.objects.get(kind, {}).values():
                    if document["id"] in mine or document.get("customer") in mine:
                        document["test_clock"] = clock_id

    def live(self) -> None:
        """Let each third client do something."""
        deeds = (rename, cancel, leave_at_period_end, use_a_bad_card)
        for customer, subscription in list(self.subscriptions.items()):
            if self.chance.random() < 0.35:
                self.chance.choice(deeds)(self.api, customer, subscription)


def rename(api: Any, customer: str, _: str) -> None:
    api.customers.update(customer, params={"name": "Renamed", "email": "new@harbor.example"})


def cancel(api: Any, _: str, subscription: str) -> None:
    api.subscriptions.cancel(subscription)


def leave_at_period_end(api: Any, _: str, subscription: str) -> None:
    api.subscriptions.update(subscription, params={"cancel_at_period_end": True})


def use_a_bad_card(api: Any, customer: str, _: str) -> None:
    method = api.payment_methods.attach("pm_card_chargeCustomerFail", params={"customer": customer}).id
    api.customers.update(customer, params={"invoice_settings": {"default_payment_method": method}})


def back_up(to: Path) -> None:
    """A copy of the SQLite database, as a backup makes it."""
    with closing(sqlite3.connect(str(db.engine.url.database))) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def restore(backup: Path, age: timedelta) -> None:
    """Put the copy in the database's place, and have it be as old as that."""
    database = db.engine.url.database
    assert database is not None
    db.session.remove()
    db.engine.dispose()
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, database)
    with transaction() as session:
        taken_at = clock.now() - age
        session.execute(update(CatchUp).values(complete_up_to=taken_at, cursor_at=taken_at))


def entitlements(world: World) -> Shown:
    """What each client may use, as it is stored."""
    return [
        (
            row.client_id,
            row.plan_id,
            row.source,
            row.access,
            row.standing,
            row.until,
            row.renews_at,
            row.stripe_subscription_id,
            tuple((quota.resource_id, quota.quota, quota.reaction) for quota in row.quotas),
        )
        for row in world.session.scalars(
            select(Entitlement)
            .join(ClientCustomer, ClientCustomer.client_id == Entitlement.client_id)
            .order_by(Entitlement.client_id)
        )
    ]


@contextmanager
def deliveries(world: World, customer: str) -> Iterator[list[str]]:
    """Deliver a change of a customer again and again, as Stripe does; the ids of the events that were taken."""
    ended, taken = threading.Event(), list[str]()
    sdk = world.sandbox.client(world.stripe_account.test_key)

    def go_on() -> None:
        with world.app.app_context():
            number = 0
            while not ended.wait(0.05) or not number:
                number += 1
                taken.append(deliver_change(world, sdk, customer, f"Name {number}"))
            db.session.remove()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


def deliver_change(world: World, sdk: stripe.StripeClient, customer: str, name: str) -> str:
    before = sdk.v1.customers.retrieve(customer).to_dict(for_json=True)
    after = sdk.v1.customers.update(customer, params={"name": name}).to_dict(for_json=True)
    previous = {"name": before["name"]}
    message = events.event("customer.updated", after, created=int(time.time()), previous=previous)
    assert world.deliver(message) == 200
    return str(message["id"])


def timed(deed: Callable[[], object]) -> float:
    """The seconds that it takes."""
    started = time.monotonic()
    deed()
    return time.monotonic() - started
