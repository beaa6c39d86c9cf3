"""Months of clients who pay by use: renewals, changes of plan and cancellations bill each unit once, at its price.

Use is reported to the portal in any order, some of it twice, some of it taken back; the portal's own jobs tell Stripe.
Unit prices make the sum independent of how the units were split over invoices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import select

from billingportal.db import transaction
from billingportal.domain.plan_changes import cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.plans.price_links import Link
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.sync.object_types import METER
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report
from billingportal.domain.usage.taking_back import take_back
from billingportal.models import MeterDay, MeterEvent, Plan
from billingportal.models.auth.staff import Staff
from billingportal.models.plan_changes.plan_change import ChangeTiming
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import resource_id
from tests.support.catalog.usage import add_resource
from tests.support.people.clients import Subscribed, connection, plan_of
from tests.support.people.plan_changes import MONTHLY, confirm, look
from tests.support.stripe.worlds import World
from tests.support.usage.metered import HOUR, KEY, START, Metered, metered
from tests.support.usage.reports import level, quantity, results

DAY = 24 * HOUR
CALLS, CONTACTS = "calls", "contacts"
# Cents for each unit.
PRICES = {"Basic": {KEY: 10, CALLS: 7, CONTACTS: 3}, "Pro": {KEY: 6, CALLS: 5, CONTACTS: 2}}
FLAT = {"Basic": 1000, "Pro": 3000}


@dataclass
class Shop:
    """Two plans with a meter that adds up, one that counts events, and one that takes the last value."""

    metered: Metered
    plans: dict[str, int]
    prices: dict[str, str]  # the resource's key by price id


def open_shop(world: World, owner: Staff) -> Shop:
    base = metered(world, owner.id)
    meters = {KEY: base.meter, CALLS: meter_of(base, "count"), CONTACTS: meter_of(base, "last")}
    resources = {KEY: base.resource_id, CALLS: add_resource("Calls"), CONTACTS: resource_id(world.session, CONTACTS)}
    plans, prices = {}, {}
    for name, by_unit in PRICES.items():
        links = [Link(base.catalog.price(unit_amount=FLAT[name]), "flat")]
        for key, cents in by_unit.items():
            price = base.catalog.metered(meters[key], product=base.catalog.product(key), unit_amount=cents)
            prices[price] = key
            links.append(Link(price, "usage", resources[key]))
        plans[name] = plan_of(owner.id, world.app, links, name)
    return Shop(base, plans, prices)


def meter_of(base: Metered, formula: str) -> str:
    meter = Catalog(base.sdk).meter(f"by_{formula}", formula, formula)
    base.refresh([(METER, meter)])
    return meter


@dataclass
class Life:
    """One client on a clock of its own, and what it owes for its use, in cents."""

    shop: Shop
    one: Subscribed
    clock: str
    name: str
    plan: str
    chance: Random
    time: int = START
    owed: int = 0
    has_levels: bool = True
    last_level: int = 0
    records: list[Report] = field(default_factory=list)

    @classmethod
    def begin(cls, shop: Shop, plan: str, name: str, *, has_levels: bool) -> "Life":
        test_clock = shop.metered.clock()
        one = shop.metered.subscribe(shop.plans[plan], name, test_clock)
        shop.metered.world.work()
        return cls(shop, one, test_clock, name, plan, Random(name), has_levels=has_levels)

    def use(self, days: int) -> None:
        """Some days of use: reported late and out of order, some of it twice, some of it taken back again."""
        until = self.time + days * DAY
        self.advance(until)
        reports = [self.drawn_report(until - days * DAY, until) for _ in range(self.chance.randint(8, 20))]
        sent = [*reports, *self.chance.choices(reports, k=len(reports) // 3)]
        self.chance.shuffle(sent)
        self.report(sent)
        self.owed += sum(one.amount * PRICES[self.plan][one.resource] for one in reports)
        self.take_one_back(reports)
        if self.has_levels:
            self.last_level = self.chance.randint(0, 90)
            self.report([level(uuid4().hex, f"front-{self.name}", CONTACTS, self.last_level, moment(until - 1))])
        self.shop.metered.world.work()

    def drawn_report(self, start: int, end: int) -> Report:
        at = moment(self.chance.randint(start + 1, end - 1))
        who = f"{self.chance.choice(('front', 'web'))}-{self.name}"
        if self.chance.random() < 0.3:
            return quantity(uuid4().hex, who, CALLS, 1, at)
        return quantity(uuid4().hex, who, KEY, self.chance.randint(1, 500), at)

    def report(self, reports: Sequence[Report]) -> None:
        with transaction() as session:
            taken = take_records(session, "test", reports, clock_times)
            assert set(results(taken)) <= {"accepted", "duplicate"}

    def take_one_back(self, reports: Sequence[Report]) -> None:
        mistake = self.chance.choice(reports)
        with transaction() as session:
            assert take_back(session, "test", mistake.key, "a mistake", clock_times)
        self.owed -= mistake.amount * PRICES[self.plan][mistake.resource]

    def advance(self, to: int) -> None:
        self.time = to
        self.shop.metered.advance(self.clock, to, [self.one])
        self.shop.metered.world.read_events()

    def renew(self) -> None:
        """The period ends: the portal has the hour of the draft to tell Stripe what is missing."""
        _, ends = self.shop.metered.period_of(self.one)
        self.advance(ends + 10 * 60)
        if self.has_levels:
            self.owed += self.last_level * PRICES[self.plan][CONTACTS]
        self.advance(ends + 2 * HOUR)

    def change(self, plan: str, timing: ChangeTiming) -> None:
        shown = look(self.one.client_id, self.shop.plans[plan], MONTHLY, timing)
        confirm(self.one.client_id, shown)
        self.shop.metered.world.read_events()
        if timing == "now":
            self.plan = plan

    def cancel(self, *, at_once: bool) -> None:
        _, gateway = connection()
        wanted = Cancelling(self.one.client_id, at_once, reason="unused")
        if at_once:
            charge = cancellations.last_charge(transaction, gateway, self.one.client_id, is_prorated=False)
            wanted = Cancelling(self.one.client_id, at_once, reason="unused", shown=charge.shown)
        cancellations.cancel(transaction, gateway, wanted)
        self.shop.metered.world.read_events()

    def billed(self) -> int:
        """What all final invoices charge for use, in cents."""
        found = self.shop.metered.sdk.v1.invoices.list(params={"customer": self.one.customer, "limit": 100}).data
        assert {invoice.status for invoice in found} == {"paid"}
        rows = [row for invoice in found for row in self.shop.metered.sdk.v1.invoices.line_items.list(str(invoice.id))]
        return sum(
            row.amount
            for row in rows
            if row.pricing and row.pricing.price_details and str(row.pricing.price_details.price) in self.shop.prices
        )


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def stays(life: Life) -> None:
    for _ in range(2):
        life.use(9)
        life.use(13)
        life.renew()


def upgrades(life: Life) -> None:
    life.use(9)
    life.change("Pro", "now")
    life.use(8)
    life.renew()
    life.use(10)
    life.renew()


def downgrades_at_renewal(life: Life) -> None:
    life.use(9)
    life.change("Basic", "renewal")
    life.use(8)
    life.renew()
    life.plan = "Basic"
    life.use(10)
    life.renew()


def cancels_now(life: Life) -> None:
    life.use(9)
    life.renew()
    life.use(9)
    life.cancel(at_once=True)
    life.advance(life.time + 40 * DAY)


def cancels_at_the_end(life: Life) -> None:
    life.use(9)
    life.cancel(at_once=False)
    life.use(5)
    life.renew()
    life.advance(life.time + 40 * DAY)


LIVES: dict[Callable[[Life], None], str] = {
    stays: "Basic",
    upgrades: "Basic",
    downgrades_at_renewal: "Pro",
    cancels_now: "Basic",
    cancels_at_the_end: "Pro",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deed", LIVES, ids=lambda deed: deed.__name__)
def test_each_unit_is_billed_once_at_the_price_of_its_time(
    world: World, owner: Staff, deed: Callable[[Life], None]
) -> None:
    live(world, owner, deed)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_it_is_on_postgresql_too(world: World, owner: Staff) -> None:
    live(world, owner, upgrades)


def live(world: World, owner: Staff, deed: Callable[[Life], None]) -> None:
    shop = open_shop(world, owner)
    life = Life.begin(shop, LIVES[deed], deed.__name__, has_levels=deed in (stays, cancels_at_the_end))

    deed(life)

    assert life.billed() == life.owed
    session = world.session
    odd = select(MeterEvent.state, MeterEvent.value, MeterEvent.at, MeterEvent.period_starts_at)
    as_wanted = MeterEvent.state.in_(("sent", "confirmed", "cancelled"))
    assert session.execute(odd.where(~as_wanted)).all() == []
    days = session.scalars(select(MeterDay)).all()
    assert [(one.counted, one.sent) for one in days if one.counted != one.sent] == []
    assert session.scalar(select(Plan.name).where(Plan.id == shop.plans[life.plan])) == life.plan
